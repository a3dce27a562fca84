/** A whole serving for one test: real processes, a clock that the test advances, everything closed at the end. */
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { type Clock, createClock } from '../../../../scripts/emulator/clock.ts'
import type { References } from '../../../../scripts/emulator/environment.ts'
import { createIngress, type Ingress } from '../../../../scripts/emulator/ingress.ts'
import { createLog } from '../../../../scripts/emulator/log.ts'
import type {
  RevisionTemplate,
  ServiceResource,
} from '../../../../scripts/emulator/manifests/types.ts'
import type { NetworkResponse } from '../../../../scripts/emulator/network.ts'
import type { ClusterConfig } from '../../../../scripts/emulator/serving/cluster-config.ts'
import { createProcessGuard } from '../../../../scripts/emulator/serving/guard.ts'
import type { RunCommand } from '../../../../scripts/emulator/serving/replica.ts'
import type { ScaleChange } from '../../../../scripts/emulator/serving/replica-set.ts'
import { createServing, type Serving } from '../../../../scripts/emulator/serving/serving.ts'

/** What a test works with. */
export interface World {
  readonly clock: Clock
  readonly serving: Serving
  readonly ingress: Ingress
  readonly lines: string[]
  readonly scales: ScaleChange[]
  /** Sends in process to a function of namespace `test`. */
  call(host: string, path?: string, body?: string): Promise<Answer>
}

/** An answer with its text and, when it is JSON, its value. */
export interface Answer extends NetworkResponse {
  readonly text: string
  readonly json: Record<string, unknown>
}

/** A Service that runs one of the fixture processes. */
export function service(
  name: string,
  template: Partial<RevisionTemplate> & { script?: string; vars?: Record<string, string> } = {},
  rest: Partial<ServiceResource> = {},
): ServiceResource {
  const { script = 'hello', vars = {}, ...given } = template
  return {
    namespace: 'test',
    name,
    labels: {},
    annotations: {},
    file: 'test.yaml',
    line: 1,
    traffic: [{ latestRevision: true, percent: 100 }],
    ...rest,
    template: {
      labels: {},
      annotations: {},
      image: `registry.test/${script}`,
      env: Object.entries(vars).map(([key, value]) => ({ name: key, value })),
      port: 8080,
      portName: 'http1',
      containerConcurrency: 0,
      timeoutSeconds: 20,
      readinessProbe: {
        kind: 'tcp',
        initialDelaySeconds: 0,
        periodSeconds: 0,
        timeoutSeconds: 1,
        successThreshold: 1,
        failureThreshold: 3,
      },
      ...given,
    },
  }
}

/** Starts serving and ingress; `scale` 0 means that only `advance` moves the clock. */
export async function createWorld(
  services: ServiceResource[],
  {
    scale = 0,
    resolveCommand = runFixture,
    config,
    references,
  }: {
    scale?: number
    resolveCommand?: (service: ServiceResource) => Promise<RunCommand>
    config?: ClusterConfig
    references?: References
  } = {},
): Promise<World> {
  const lines: string[] = []
  const scales: ScaleChange[] = []
  const clock = createClock({ scale })
  const log = createLog({ write: line => void lines.push(line) })
  const guard = createProcessGuard()
  let url = 'http://127.0.0.1:1'
  const serving = createServing({
    services,
    clock,
    log,
    domain: 'localhost',
    guard,
    resolveCommand,
    resolveEnv: ({ template }) =>
      Object.fromEntries(template.env.map(each => [each.name, 'value' in each ? each.value : ''])),
    proxyUrl: () => url,
    ...(config && { config }),
    ...(references && { references }),
    closeGraceMs: 500,
  })
  serving.onScale(change => scales.push(change))
  const ingress = await createIngress({
    port: 0,
    handlers: [serving.handler],
    upgrades: [serving.upgrade],
    senders: [serving.send],
    owns: serving.owns,
    domain: 'localhost',
    log,
  })
  url = ingress.url
  onTestFinished(async () => {
    await ingress.close()
    await serving.close()
    await guard.close()
  })
  const call = async (host: string, path: string = '/', body?: string): Promise<Answer> => {
    const response = await ingress.send({
      url: `http://${host}${path}`,
      method: body === undefined ? 'GET' : 'POST',
      headers: {},
      ...(body !== undefined && { body: Buffer.from(body) }),
    })
    return toAnswer(response)
  }
  return { clock, serving, ingress, lines, scales, call }
}

/** The command for a fixture process, by the image's last segment. */
export function runFixture({ template }: ServiceResource): Promise<RunCommand> {
  const script = template.image.split('/').at(-1)
  const path = fileURLToPath(new URL(`../../../fixtures/processes/${script}.mjs`, import.meta.url))
  return Promise.resolve({ command: process.execPath, args: [path], cwd: '/' })
}

/** Waits for a condition, at most ten real seconds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function toAnswer(response: NetworkResponse): Answer {
  const text = Buffer.from(response.body).toString('utf8')
  return {
    ...response,
    text,
    json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
  }
}
