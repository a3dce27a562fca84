/** The emulator's broker with one trigger, in a process of its own: `node broker.ts <directory> <subscriber url>`. */
import { createEmulator } from '../../../scripts/emulator/emulator.ts'
import { createLog } from '../../../scripts/emulator/log.ts'

const [directory = '', subscriber = ''] = process.argv.slice(2)
const at = { file: 'bench', line: 1, namespace: 'bench', labels: {}, annotations: {} }
const emulator = await createEmulator({
  manifests: {
    services: [],
    configMaps: [],
    others: [],
    brokers: [{ ...at, name: 'default' }],
    triggers: [{ ...at, name: 'all', broker: 'default', subscriber: { uri: subscriber } }],
  },
  log: createLog({ write: () => {} }),
  port: 0,
  directory,
  resolveCommand: () => Promise.reject(new Error('the bench has no functions')),
  resolveEnv: () => ({}),
})
process.stdout.write(`${emulator.brokerUrl('bench', 'default')}\n`)
