import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Platform } from '../../../scripts/local/platform.ts'
import { watchFunctions } from '../../../scripts/local/watch.ts'
import { createTestLog, temporaryDirectory } from '../emulator/eventing/fixture.ts'

test('a build that does not get to work does not keep the one that mends it waiting', async () => {
  const root = temporaryDirectory()
  for (const folder of ['functions/a', 'shared', 'knative', 'eventing']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  const redeploy = vi.fn().mockReturnValueOnce(new Promise<void>(() => {}))
  const platform = { manifests: { services: [{ name: 'a' }] }, redeploy } as unknown as Platform
  const { log, lines } = createTestLog()
  onTestFinished(watchFunctions(root, platform, log))
  const save = (text: string): void => writeFileSync(join(root, 'functions/a/index.ts'), text)
  save('broken')
  await vi.waitFor(() => expect(redeploy).toHaveBeenCalledTimes(1), { timeout: 5_000 })
  save('mended')
  await vi.waitFor(
    () => expect(lines.map(({ message }) => message).join()).toContain('reloaded in'),
    { timeout: 5_000 },
  )
  expect(redeploy).toHaveBeenCalledTimes(2)
})
