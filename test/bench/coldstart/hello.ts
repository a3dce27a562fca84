/** A bare function behind the emulator, asked by a request and by an event. */
import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseManifests } from '../../../scripts/emulator/manifests/load.ts'
import { toEnvironment } from '../../../scripts/emulator/serving/environment.ts'
import type { Children } from '../children.ts'
import { startEmulator } from '../emulator-process.ts'
import { openFacts } from './facts.ts'
import { type Opened, send, timed } from './subject.ts'

const HELLO = join(dirname(dirname(fileURLToPath(import.meta.url))), 'servers', 'hello.mjs')
const NAMESPACE = 'bench'

const MANIFESTS = `
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: hello, namespace: ${NAMESPACE} }
spec:
  template:
    metadata:
      annotations:
        emulator.aiwfe.dev/command: ${JSON.stringify(`${process.execPath} ${HELLO}`)}
    spec:
      containers: [{ image: bench/hello }]
---
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: default, namespace: ${NAMESPACE} }
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: hello, namespace: ${NAMESPACE} }
spec:
  broker: default
  subscriber:
    ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: hello }
`

/** The bare function, by a request and by an event. */
export async function openHello(children: Children, directory: string): Promise<Opened> {
  const emulator = await startEmulator(children, { directory, manifests: MANIFESTS })
  const { url } = emulator
  const facts = await openFacts(url)
  const [service] = parseManifests(MANIFESTS).services
  if (!service) throw new Error('the manifests have no Service')
  const env = toEnvironment(service, 'hello-00001', { resolved: {}, proxyUrl: url })
  const command = { args: [HELLO], env, status: 200, request: { method: 'GET', path: '/' } }
  const publishUrl = emulator.brokerUrl(NAMESPACE, 'default')

  async function publish(): Promise<number> {
    const headers = toEvent(randomUUID())
    const delivered = facts.delivered(headers['ce-id'] ?? '')
    const begun = performance.now()
    await send(publishUrl, { method: 'POST', path: '/', headers, body: '{}' }, 202)
    return (await delivered) - begun
  }

  return {
    subjects: [
      {
        ...{ name: 'hello, request', isRequest: true, url, service: 'hello' },
        command: async () => command,
        ask: () => timed(url, `hello.${NAMESPACE}.svc.cluster.local`, command),
      },
      {
        ...{ name: 'hello, event', isRequest: false, url, service: 'hello' },
        command: async () => ({
          ...{ args: [HELLO], env, status: 202 },
          request: { method: 'POST', path: '/', headers: toEvent('bare'), body: '{}' },
        }),
        ask: publish,
      },
    ],
    async close() {
      facts.close()
      await emulator.child.kill()
    },
  }
}

const toEvent = (id: string): Record<string, string> => ({
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': id,
  'ce-source': '/bench',
  'ce-type': 'bench.event',
})
