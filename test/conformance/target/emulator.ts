/** An emulator of our own as a target: with a folder that is gone afterwards, and a clock that can be moved. */
import { fileURLToPath } from 'node:url'
import { createClock } from '../../../scripts/emulator/clock.ts'
import { createEmulator } from '../../../scripts/emulator/emulator.ts'
import { createKubernetes } from './kubernetes.ts'
import type { Target } from './target.ts'

/** Only root may become somebody else. */
const ownUser = process.getuid?.() ?? 0
/** Any but root. */
const USER = 65_532
const NAMESPACE = 'conformance'
const PROBE = fileURLToPath(new URL('../probe/probe.mjs', import.meta.url))
// As a shell reads it. Nobody else on the network is to reach the probe.
const COMMAND = `env LISTEN_ADDRESS=127.0.0.1 '${process.execPath}' '${PROBE}'`

/** Two revisions to keep instead of twenty, so that the rule about collecting needs few. */
const CONFIG = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'config-gc', namespace: 'knative-serving' },
  data: { 'min-non-active-revisions': '2' },
}

/** Starts it. Time runs as it does, and jumps when a rule lets it pass. */
export async function openEmulator(): Promise<Target> {
  const clock = createClock()
  const emulator = await createEmulator({ manifests: [CONFIG], clock })
  const { server, token } = emulator.kubernetes
  return {
    kind: 'emulator',
    namespace: NAMESPACE,
    kubernetes: createKubernetes({ server, token, insecure: false }, NAMESPACE),
    image: 'conformance.local/probe',
    user: ownUser === 0 ? USER : ownUser,
    annotations: { 'emulator.aiwfe.dev/command': COMMAND },
    ingress: new URL(emulator.url).host,
    patience: 1,
    logs: async service => {
      const own = emulator.logs().filter(({ scope }) => `${scope}-`.startsWith(`${service}-`))
      return own.map(({ message }) => message).join('\n')
    },
    passTime: clock.advance,
    close: emulator.close,
  }
}
