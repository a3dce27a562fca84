/** The emulator's broker: one Trigger that wants everything, an HTTP subscriber. */
import { startConsumer, startPublisher } from '../clients/client-process.ts'
import { startEmulator } from '../emulator-process.ts'
import type { Target } from './target.ts'

/** Events in over HTTP, out over HTTP. */
export const aiwfe: Target = {
  name: 'aiwfe broker',
  kind: 'ours',
  async start({ children, directory }) {
    const consumer = await startConsumer({ protocol: 'http', url: '' })
    const emulator = await startEmulator(children, { directory, manifests: toYaml(consumer.ready) })
    const url = emulator.brokerUrl('bench', 'default')
    const publisher = await startPublisher({ protocol: 'http', url })
    return { publisher, consumer, atAck: 'synced to disk' }
  },
}

const toYaml = (subscriber: string): string => `
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: default, namespace: bench }
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: all, namespace: bench }
spec:
  broker: default
  subscriber: { uri: "${subscriber}" }
`
