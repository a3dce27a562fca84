/** The `inference` app over a small Ollama server that can be told to misbehave. */
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import inference from '../../../functions/inference/index.ts'
import type { InferenceConfig } from '../../../functions/inference/settings.ts'
import { createApp, type FunctionApp } from '../../../shared/app.ts'
import { createModels } from '../../../shared/clients/models.ts'
import { readConfig } from '../../../shared/config.ts'
import { commonSettings, createDeps } from '../../../shared/deps.ts'
import type { FullConfig } from '../../../shared/function.ts'
import { createMetrics } from '../../../shared/metrics.ts'

/** What one request to the server does. */
export type Script = (call: Call) => void | Promise<void>

/** One request as the server sees it. */
export interface Call {
  path: string
  body: Record<string, unknown>
  response: ServerResponse
  /** Sends one JSON line. */
  line(value: unknown): void
  /** Resolves when the connection is closed. */
  closed: Promise<void>
}

/** The server, the app, and what both have seen. */
export interface Harness {
  app: FunctionApp
  /** Requests to chat, generate and embed, in order. */
  calls: Call[]
  /** How many connections the server has taken. */
  connections(): number
  kv: Map<string, string>
  logged: string[]
  clock: { now(): number; advance(ms: number): void }
  /** Answers the next requests; the last script answers all that follow. */
  script(...scripts: Script[]): void
  post(
    path: string,
    body: unknown,
    init?: { signal?: AbortSignal; user?: string; cache?: string },
  ): Promise<Response>
  close(): Promise<void>
}

/** Settings that a test changes. */
export type Overrides = Partial<InferenceConfig> & { kvDown?: boolean; tags?: unknown[] }

export const MODEL = 'llama3.2:latest'
const EMBED = 'nomic-embed-text:latest'

/** Answers `words` one by one and ends as it should. */
export const says =
  (...words: string[]): Script =>
  call => {
    const field = (text: string): object =>
      call.path === '/api/generate'
        ? { response: text }
        : { message: { role: 'assistant', content: text } }
    for (const word of words) call.line({ model: MODEL, ...field(word), done: false })
    call.line({
      model: MODEL,
      ...field(''),
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 7,
      eval_count: words.length,
    })
    call.response.end()
  }

/** Starts everything on ephemeral loopback ports, until the test has ended. */
export async function startHarness(overrides: Overrides = {}): Promise<Harness> {
  const { kvDown = false, tags = TAGS, ...settings } = overrides
  const calls: Call[] = []
  const kv = new Map<string, string>()
  const logged: string[] = []
  let scripts: Script[] = [says('hello', ' world')]
  let ahead = 0
  const clock = {
    now: () => Date.now() + ahead,
    advance(ms: number) {
      ahead += ms
    },
  }

  const server = createServer(async (request, response) => {
    if (request.url === '/api/tags') return json(response, { models: tags })
    if (request.url === '/api/ps') return json(response, { models: [{ name: MODEL }] })
    const call = await toCall(request, response)
    calls.push(call)
    const script = scripts.length > 1 ? scripts.shift() : scripts[0]
    await script?.(call)
  })
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const config = readConfig(
    'inference',
    { ...commonSettings, ...inference.config },
    {
      OLLAMA_HOST: host,
      SERVICE_KEY: JSON.stringify(
        generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
      ),
      SERVICE_JWKS: '{"keys":[]}',
      UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1',
      UPSTASH_REDIS_REST_TOKEN: 'token',
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])),
    },
  ) as FullConfig<InferenceConfig>
  const log = (message: string) => void logged.push(message)
  const unused = () => Promise.reject(new Error('not used here'))
  const deps = createDeps<InferenceConfig>({
    service: 'inference',
    config,
    clock,
    log: { debug() {}, info() {}, warn: log, error: log },
    metrics: createMetrics(),
    call: Object.assign(unused, { stream: unused }),
    publish: unused,
    identity: {
      mint: unused,
      verify: async token => ({
        sub: token,
        kind: 'user',
        service: 'gateway',
        permissions: ['api:*', 'cognitive:*'],
      }),
    },
    clients: { models: createModels(host), ...fakeKv(kv, kvDown) },
  })
  const app = createApp(inference, deps)
  async function close(): Promise<void> {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    await deps.close()
  }
  onTestFinished(close)
  return {
    app,
    calls,
    connections: () => connections,
    kv,
    logged,
    clock,
    script(...next) {
      scripts = next
    },
    async post(path, body, { signal, user = 'ann', cache } = {}) {
      return app.fetch(
        new Request(`http://inference${path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${user}`,
            ...(cache && { 'x-cache': cache }),
          },
          body: JSON.stringify(body),
          ...(signal && { signal }),
        }),
      )
    },
    close,
  }
}

/** A promise and the function that resolves it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open }
}

const TAGS = [
  {
    name: MODEL,
    digest: 'd1',
    size: 100,
    modified_at: '2026-01-02T00:00:00Z',
    details: { family: 'llama' },
    capabilities: ['completion', 'tools'],
  },
  {
    name: EMBED,
    digest: 'd2',
    size: 10,
    modified_at: '2026-01-01T00:00:00Z',
    details: { family: 'nomic-bert' },
    capabilities: ['embedding'],
  },
]

async function toCall(request: IncomingMessage, response: ServerResponse): Promise<Call> {
  const closed = new Promise<void>(resolve => response.on('close', resolve))
  const parts: Uint8Array[] = []
  for await (const part of request) parts.push(part as Uint8Array)
  return {
    path: request.url ?? '',
    body: JSON.parse(Buffer.concat(parts).toString('utf8')) as Record<string, unknown>,
    response,
    closed,
    line(value) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.write(`${JSON.stringify(value)}\n`)
    },
  }
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(value))
}

/** The commands that the cache uses, over a map. */
function fakeKv(entries: Map<string, string>, down: boolean): object {
  const check = (): void => {
    if (down) throw new Error('the store is down')
  }
  return {
    kv: {
      async mget(...keys: string[]) {
        check()
        return keys.map(key => entries.get(key) ?? null)
      },
      pipeline() {
        const writes: [string, string][] = []
        return {
          set: (key: string, value: string) => void writes.push([key, value]),
          async exec() {
            check()
            for (const [key, value] of writes) entries.set(key, value)
          },
        }
      },
    },
  }
}
