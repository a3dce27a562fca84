/** The emulator as a process: `node emulator.ts '<options as JSON>'`; see `../emulator-process.ts`. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEmulator } from '../../../scripts/emulator/emulator.ts'
import { createLog } from '../../../scripts/emulator/log.ts'
import { parseManifests } from '../../../scripts/emulator/manifests/load.ts'
import { createBuilder } from '../../../scripts/local/builder.ts'
import { onStop } from '../../../scripts/local/on-stop.ts'
import type { EmulatorProcessOptions, EmulatorReady } from '../emulator-process.ts'

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

const options = JSON.parse(process.argv[2] ?? '') as EmulatorProcessOptions
const emulator = await createEmulator({
  manifests: parseManifests(options.manifests),
  log: createLog({ write: line => void process.stderr.write(`${line}\n`) }),
  port: 0,
  directory: options.directory,
  resolveCommand: createBuilder(ROOT).command,
  resolveEnv: ({ template }) => ({ ...options.env, ...toLiterals(template.env) }),
})
onStop(emulator.close)
// Who looks at the memory asks for this first: what V8 has not collected yet is not kept (with `--expose-gc`).
process.on('SIGUSR2', () => void globalThis.gc?.())
const ready: EmulatorReady = { url: emulator.url, brokerPort: emulator.brokerPort }
process.stdout.write(`${JSON.stringify(ready)}\n`)

/** Nothing here refers to Secrets or ConfigMaps. */
function toLiterals(
  variables: readonly { name: string; value?: string }[],
): Record<string, string> {
  return Object.fromEntries(variables.map(({ name, value = '' }) => [name, value]))
}
