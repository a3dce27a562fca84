import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEventing } from '../../../../scripts/emulator/eventing/eventing.ts'
import { bare, DEFAULT_BROKER, event, temporaryDirectory } from './fixture.ts'

describe('the folder of events', () => {
  it('refuses a folder that another emulator uses, and takes it once that has stopped', async () => {
    const directory = temporaryDirectory()
    const first = await createEventing(bare(directory))
    await expect(createEventing(bare(directory))).rejects.toThrow(
      `the state in ${join(directory, 'events.lock')} is in use by another emulator: stop it, or choose another folder with --state-dir`,
    )
    await first.close()
    await first.close()
    await (await createEventing(bare(directory))).close()
  })

  it.each(['not a database at all', 'a database with a damaged page'])(
    'refuses %s and leaves it as it is',
    async kind => {
      const directory = temporaryDirectory()
      const file = join(directory, 'events.db')
      if (kind === 'not a database at all') writeFileSync(file, 'garbage '.repeat(1000))
      else {
        const eventing = await createEventing(bare(directory))
        for (let n = 0; n < 50; n += 1)
          await eventing.publish(DEFAULT_BROKER, event({ id: `${n}` }, 'x'.repeat(2000)))
        await eventing.close()
        const handle = openSync(file, 'r+')
        writeSync(handle, Buffer.alloc(6000, 0xa5), 0, 6000, 5000)
        closeSync(handle)
      }
      await expect(createEventing(bare(directory))).rejects.toThrow(
        /^the broker's events in .*events\.db cannot be read \(.*\): nothing was deleted; restore the file, or start fresh with --fresh$/,
      )
    },
  )
})
