/**
 * The whole platform as a process with an IPC channel: says where it is, then answers each name of a function with the
 * command that starts it and a fresh request. `node platform.ts <state directory>`
 */
import { onStop } from '../../../scripts/local/on-stop.ts'
import { createCommands } from '../functions.ts'
import { startOwnPlatform } from '../own-platform.ts'

const platform = await startOwnPlatform(process.argv[2] ?? '')
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
