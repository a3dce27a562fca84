/** The emulator with one Service, and a load whose every request the bench itself holds open. */
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Clock, createClock } from '../../../scripts/emulator/clock.ts'
import { createEmulator } from '../../../scripts/emulator/emulator.ts'
import { createLog } from '../../../scripts/emulator/log.ts'
import { parseManifests } from '../../../scripts/emulator/manifests/load.ts'
import { listen } from '../../../scripts/emulator/stores/listen.ts'
import type { Scenario } from './scenarios.ts'

/** The function's side, as the autoscaler's decisions left it. */
export interface Scale {
  readonly desired: number
  readonly ready: number
  readonly starting: number
  readonly inFlight: number
}

/** One Service under load. */
export interface World {
  readonly clock: Clock
  scale(): Scale
  /** Opens or ends requests until so many are in flight. */
  setInFlight(count: number): Promise<void>
  /** Sends requests that are answered at once; resolves when all are. */
  sendQuick(count: number): Promise<void>
  /** Calls with the real time at which the first replica became ready. */
  onFirstReplica(listener: (at: number) => void): void
  close(): Promise<void>
}

/** The script of every replica. */
export const HOLD: string = join(
  dirname(dirname(fileURLToPath(import.meta.url))),
  'servers/hold.mjs',
)

const LIMIT_MS = 20_000
const HOST = 'held.bench.localhost'

/** Starts at zero replicas; only the bench moves the clock, which begins with a whole second. */
export async function createWorld(scenario: Scenario, startMs: number): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-scale-'))
  const clock = createClock({ scale: 0, start: startMs })
  /** Requests that reached a replica, the oldest first. */
  const held: Socket[] = []
  const holder = createServer(socket => {
    held.push(socket)
    socket.on('error', () => {})
    socket.resume()
  })
  const holdPort = await listen(holder)
  const emulator = await createEmulator({
    manifests: parseManifests(toYaml(scenario)),
    log: createLog({ write: () => {} }),
    clock,
    port: 0,
    directory,
    resolveCommand: async () => ({ command: process.execPath, args: [HOLD], cwd: directory }),
    resolveEnv: () => ({ HOLD_PORT: String(holdPort) }),
  })
  const agent = new Agent({ keepAlive: true })
  const failures: unknown[] = []
  let open = 0
  let onFirst = (_at: number): void => {}
  emulator.serving.onScale(({ from, to }) => {
    if (from === 0 && to === 1) onFirst(performance.now())
  })

  function scale(): Scale {
    const [status] = emulator.serving.status()
    const { ready = 0, starting = 0 } = status?.replicas ?? {}
    return { ready, starting, desired: status?.desired ?? 0, inFlight: status?.inFlight ?? 0 }
  }

  function ask(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port: emulator.port, path, agent, headers: { host: HOST } },
        incoming => {
          incoming.resume()
          incoming.on('error', reject)
          incoming.on('end', () => {
            if (incoming.statusCode === 200) resolve()
            else reject(new Error(`a request was answered ${incoming.statusCode}`))
          })
        },
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
  }

  async function setInFlight(count: number): Promise<void> {
    for (; open < count; open++) ask('/hold').catch((error: unknown) => failures.push(error))
    for (; open > count; open--) {
      await until('a request to end', () => held.length > 0)
      held.shift()?.destroy()
    }
    await until(`${count} requests in flight`, () => scale().inFlight === count)
    if (failures.length > 0) throw failures[0]
  }

  return {
    clock,
    scale,
    setInFlight,
    async sendQuick(count) {
      await Promise.all(Array.from({ length: count }, () => ask('/quick')))
      await until('nothing in flight', () => scale().inFlight === 0)
    },
    onFirstReplica(listener) {
      onFirst = listener
    },
    async close() {
      for (const socket of held) socket.destroy()
      agent.destroy()
      await emulator.close()
      holder.close()
      await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** Looks again and again; @throws Error that says what did not come about. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const begun = performance.now()
  while (!isSo()) {
    if (performance.now() - begun > LIMIT_MS) throw new Error(`waited in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

function toYaml({ annotations, containerConcurrency }: Scenario): string {
  const lines = Object.entries(annotations).map(
    ([name, value]) => `        autoscaling.knative.dev/${name}: ${JSON.stringify(value)}`,
  )
  return `
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: held, namespace: bench }
spec:
  template:
    metadata:
      annotations:
        emulator.aiwfe.dev/command: node hold.mjs
${lines.join('\n')}
    spec:
      containerConcurrency: ${containerConcurrency}
      timeoutSeconds: 600
      responseStartTimeoutSeconds: 600
      containers: [{ image: bench/hold }]
`
}
