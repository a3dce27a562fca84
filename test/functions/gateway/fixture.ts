/** A real gateway process before a real upstream and a real store; everything fresh, everything stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EPOCH } from '../../../functions/auth/revocations.ts'
import { closeServer, listen } from '../../../scripts/emulator/stores/listen.ts'
import { startRedis } from '../../../scripts/emulator/stores/redis/redis.ts'
import { createAccessTokens } from '../../../shared/access-token.ts'
import { createKv, type Kv } from '../../../shared/clients/kv.ts'
import { createIdentity } from '../../../shared/identity.ts'
import type { Principal } from '../../../shared/principal.ts'
import { freePort } from '../../fixtures/ports.ts'
import { until } from '../../fixtures/until.ts'

/** A request as the function behind the gateway saw it. */
export interface Seen {
  method: string
  /** The whole URL: the gateway reaches functions through the forward proxy of its environment. */
  url: URL
  headers: IncomingHttpHeaders
  rawHeaders: string[]
  body: string
}

/** An answer, read to its end. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
  json(): Record<string, unknown> & { error?: { code: string; details: Record<string, unknown> } }
}

/** How to ask. */
export interface Ask {
  method?: string
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array
  as?: Role
}

/** Who asks: the roles of the account. */
export type Role = 'admin' | 'user' | 'readonly'

/** The upstream; `handle` may be replaced by a test. */
export interface Upstream {
  seen: Seen[]
  handle: (incoming: IncomingMessage, outgoing: ServerResponse, body: string) => void
  port: number
  close(): Promise<void>
}

/** A gateway process. */
export interface GatewayProcess {
  port: number
  /** What it printed. */
  output: () => string
  ask(path: string, ask?: Ask): Promise<Answer>
  stop(): Promise<void>
}

/** Everything that a suite needs. */
export interface Platform {
  upstream: Upstream
  kv: Kv
  /** Signs an access token as `auth` does. */
  token(role: Role, sub?: string, sid?: string): Promise<string>
  /** Proves the hop token of a request, as `service` does. */
  proveHop(service: string, seen: Seen): Promise<Principal>
  startGateway(env?: Record<string, string>): Promise<GatewayProcess>
  stopStore(): Promise<void>
  stop(): Promise<void>
}

const SECRET = 'b2X9-kq7Wd-31nVz-Lr5Ty-0mPcA-u8HsE'
const KV_TOKEN = 'token-of-the-test-store'
const NODE = process.execPath

/** Starts the upstream and the store; gateways are started by the test. */
export async function startPlatform(): Promise<Platform> {
  const directory = await mkdtemp(join(tmpdir(), 'gateway-'))
  const redis = await startRedis({ directory, token: KV_TOKEN })
  const kv = createKv(redis.url, KV_TOKEN)
  // What `auth` leaves there: the list of revoked tokens is whole.
  await until(() =>
    kv.set(EPOCH, '1').then(
      () => true,
      () => false,
    ),
  )
  const upstream = await startUpstream()
  const pair = generateKeyPairSync('ed25519')
  const privateKey = JSON.stringify(pair.privateKey.export({ format: 'jwk' }))
  const publicKeys = JSON.stringify({
    keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'gateway' }],
  })
  const clock = { now: Date.now }
  const config = {
    JWT_ALGORITHM: 'HS256' as const,
    JWT_SECRET: SECRET,
    JWT_SECRET_PREVIOUS: '',
    JWT_PRIVATE_KEY: '',
    JWT_PUBLIC_KEYS: '',
    JWT_EXPIRE_HOURS: 1,
  }
  const tokens = createAccessTokens(config, { clock, id: randomUUID })
  const gateways: GatewayProcess[] = []

  async function token(role: Role, sub = randomUUID(), sid = randomUUID()): Promise<string> {
    const auth_time = Math.floor(Date.now() / 1000)
    const issued = await tokens.issue({ sub, sid, auth_time, roles: [role], sv: 1, uv: 1 })
    return issued.token
  }

  async function startGateway(env: Record<string, string> = {}): Promise<GatewayProcess> {
    const started = await spawnGateway(
      {
        SERVICE_KEY: privateKey,
        SERVICE_JWKS: publicKeys,
        JWT_SECRET: SECRET,
        UPSTASH_REDIS_REST_URL: redis.url,
        UPSTASH_REDIS_REST_TOKEN: KV_TOKEN,
        HTTP_PROXY: `http://127.0.0.1:${upstream.port}`,
        NO_PROXY: '127.0.0.1',
        LISTEN_ADDRESS: '127.0.0.1',
        ...env,
      },
      token,
    )
    gateways.push(started)
    return started
  }

  return {
    upstream,
    kv,
    token,
    proveHop: (service, seen) =>
      createIdentity({ service, privateKey, publicKeys, clock }).verify(
        String(seen.headers.authorization).replace('Bearer ', ''),
      ),
    startGateway,
    stopStore: () => redis.close(),
    async stop() {
      await Promise.all(gateways.map(gateway => gateway.stop()))
      await upstream.close()
      await redis.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Sends one request over a connection of its own and reads the whole answer. */
export function ask(
  port: number,
  path: string,
  { method, headers, body }: Ask = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port, host: '127.0.0.1', path, method: method ?? 'GET', headers, agent },
      incoming => {
        const parts: Buffer[] = []
        incoming.on('data', part => parts.push(part))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const text = Buffer.concat(parts).toString()
          const json = () => JSON.parse(text)
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const agent = new Agent({ keepAlive: false })

async function startUpstream(): Promise<Upstream> {
  const upstream: Upstream = {
    seen: [],
    handle: (_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
    },
    port: 0,
    close: () => closeServer(server),
  }
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = []
    incoming.on('data', part => parts.push(part))
    incoming.on('error', () => {})
    incoming.on('end', () => {
      const body = Buffer.concat(parts).toString()
      const { method = '', headers, rawHeaders } = incoming
      const url = new URL(incoming.url ?? '')
      upstream.seen.push({ method, url, headers, rawHeaders, body })
      upstream.handle(incoming, outgoing, body)
    })
  })
  upstream.port = await listen(server)
  return upstream
}

async function spawnGateway(
  env: Record<string, string>,
  token: Platform['token'],
): Promise<GatewayProcess> {
  const port = await freePort()
  const entry = new URL('./gateway-process.ts', import.meta.url).pathname
  const child = spawn(NODE, ['--disable-warning=ExperimentalWarning', entry], {
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    output += chunk
  })
  const stop = (): Promise<void> => stopProcess(child)
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the gateway ended: ${output}`)
      const answer = await ask(port, '/health/ready').catch(() => undefined)
      return answer?.status === 200
    })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port,
    output: () => output,
    stop,
    async ask(path, { as, headers, ...rest } = {}) {
      const authorization = as && { authorization: `Bearer ${await token(as)}` }
      return ask(port, path, { ...rest, headers: { ...authorization, ...headers } })
    },
  }
}

function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
