/** The auth function over real stores, as the gateway and its users see it. */
import type { AuthConfig } from '../../../functions/auth/config.ts'
import auth from '../../../functions/auth/index.ts'
import { FEED } from '../../../functions/auth/revocations.ts'
import type { Tokens } from '../../../shared/contracts/auth.ts'
import type { Principal } from '../../../shared/principal.ts'
import { createTestApp, type TestApp } from '../../fixtures/function.ts'
import { openDatabase, openKv, type TestDatabase, type TestKv } from '../../fixtures/stores.ts'

/** What a test works with. */
export interface AuthFixture extends TestApp<AuthConfig> {
  database: TestDatabase
  store: TestKv
  /** Posts JSON as the gateway and gives status, body and headers. */
  post(path: string, body: unknown, as?: Principal): Promise<Answer>
  get(path: string, as?: Principal): Promise<Answer>
  /** Makes an account with an e-mail of its own. */
  signUp(email?: string): Promise<Tokens & { email: string }>
  /** Logs in with the password of every account here. */
  logIn(email: string): Promise<Tokens>
  /** Trades a refresh token. */
  refresh(tokens: Pick<Tokens, 'refresh_token'>): Promise<Answer>
  /** What the database holds of this session. */
  rowOf(tokens: Tokens): Promise<Record<string, unknown>>
  /** The members of the revocation feed. */
  feed(): Promise<string[]>
  /** Another instance of the function over the same stores. */
  another(env?: Record<string, string>): AuthFixture
  close(): Promise<void>
}

/** An answer that was read. */
export interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what a client would see, judged by the test
  body: any
}

/** The password of every account here. */
export const PASSWORD = 'correct horse battery staple'
/** The gateway, before anybody has logged in. */
export const GATEWAY: Principal = {
  sub: 'gateway',
  kind: 'service',
  service: 'gateway',
  permissions: [],
}
export const SECRET = 'q7mYtT2nFz0cVh4KxJd9sWbA5eGr8uLp'

/** Opens stores and the function over them. */
export async function openAuth(env: Record<string, string> = {}): Promise<AuthFixture> {
  const [database, store] = await Promise.all([openDatabase(['auth']), openKv()])
  return over(database, store, env)
}

function over(database: TestDatabase, store: TestKv, env: Record<string, string>): AuthFixture {
  const app = createTestApp(auth, {
    env: {
      DATABASE_URL: database.url,
      UPSTASH_REDIS_REST_URL: store.url,
      UPSTASH_REDIS_REST_TOKEN: store.token,
      JWT_SECRET: SECRET,
      // Tests make many accounts from one network; those about the limit set it.
      REGISTER_ATTEMPTS: '1000',
      ...env,
    },
    clients: { sql: database.sql, kv: store.kv },
  })
  async function post(path: string, body: unknown, as = GATEWAY): Promise<Answer> {
    return read(await app.request(path, { method: 'POST', body: JSON.stringify(body), as }))
  }

  return {
    ...app,
    database,
    store,
    post,
    get: async (path, as = GATEWAY) => read(await app.request(path, { as })),
    async signUp(email = `user-${crypto.randomUUID()}@example.org`) {
      const { status, body } = await post('/api/v1/auth/register', { email, password: PASSWORD })
      if (status !== 201) throw new Error(`register answered ${status}: ${JSON.stringify(body)}`)
      return { ...body, email }
    },
    logIn: async email =>
      (await post('/api/v1/auth/jwt/login', { email, password: PASSWORD })).body,
    refresh: ({ refresh_token }) => post('/api/v1/auth/refresh', { refresh_token }),
    async rowOf(tokens) {
      const rows = await database.sql`
        select counter::int as counter, revoke_reason from auth.sessions
        where id = ${personOf(tokens).sid ?? ''}`
      return rows[0] ?? {}
    },
    feed: () => store.kv.zrange<string[]>(FEED, 0, -1),
    another: (more = {}) => over(database, store, { ...env, ...more }),
    async close() {
      await database.close()
      await store.close()
    },
  }
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

/** The principal that the gateway makes of an access token. */
export function personOf({ access_token }: { access_token: string }): Principal {
  const payload = JSON.parse(
    Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString('utf8'),
  )
  return {
    sub: payload.sub,
    sid: payload.sid,
    kind: 'user',
    service: 'gateway',
    permissions: ['api:read', 'self:*'],
  }
}
