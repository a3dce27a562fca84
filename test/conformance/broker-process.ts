/** A process of its own that runs a broker until it is killed: `node broker-process.ts <folder> <subscriber>`. */
import { createEmulator } from '../../scripts/emulator/emulator.ts'

const [directory = '', subscriber = ''] = process.argv.slice(2)
const emulator = await createEmulator({
  directory,
  manifests: `
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: kept, namespace: conformance }
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: kept, namespace: conformance }
spec:
  broker: kept
  subscriber: { uri: ${subscriber} }
  delivery: { retry: 1000, backoffPolicy: linear, backoffDelay: PT0.001S }
`,
})
process.stdout.write(`${emulator.brokerUrl('conformance', 'kept')}\n`)
