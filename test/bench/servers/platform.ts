/**
 * The whole platform as a process with an IPC channel: says where it is, then answers each name of a function with the
 * command that starts it and a fresh request. `node platform.ts <state directory>`
 */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLog } from '../../../scripts/emulator/log.ts'
import { onStop } from '../../../scripts/local/on-stop.ts'
import { startPlatform } from '../../../scripts/local/platform.ts'
import { createCommands } from '../functions.ts'

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

const platform = await startPlatform({
  root: ROOT,
  stateDirectory: process.argv[2] ?? '',
  fresh: true,
  port: 0,
  timeScale: 1,
  log: createLog({ write: () => {} }),
  environment: {},
})
onStop(platform.close)
const commandOf = await createCommands(platform)
process.on('message', name => {
  commandOf(String(name)).then(
    command => process.send?.(command),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
// Messages alone keep it alive, which the end of the parent ends.
process.channel?.ref()
process.send?.({ url: platform.emulator.url })
