import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import migrations from '../../../functions/migrations/index.ts'
import { migrationsRoutes } from '../../../functions/migrations/routes.ts'
import { collectMigrations } from '../../../scripts/migrations-catalogue.ts'
import type { Vectors } from '../../../shared/clients/vectors.ts'
import { createPasswords } from '../../../shared/password.ts'
import type { Principal } from '../../../shared/principal.ts'
import { createTestApp, type TestApp } from '../../fixtures/function.ts'
import { openDatabase, type TestDatabase } from '../../fixtures/stores.ts'

const OPERATOR: Principal = {
  sub: 'operator',
  kind: 'service',
  service: 'operator',
  permissions: [],
}
const BASE = '/api/v1/migrations'

let database: TestDatabase
let app: TestApp<object>
let collections: Map<string, { size: number; distance: string; indexes: string[] }>
beforeAll(async () => {
  database = await openDatabase()
  collections = new Map()
  const catalogue = await collectMigrations(new URL('../../..', import.meta.url).pathname)
  const definition = {
    ...migrations,
    routes: migrationsRoutes(catalogue.filter(step => step.function === 'auth')),
  }
  app = createTestApp(definition, {
    env: {
      DATABASE_URL: database.url,
      // Roles belong to a server, which other tests may share.
      DATABASE_ROLES: JSON.stringify({ 'nothing-of-this-build': 'a-password-of-nobody' }),
      QDRANT_URL: 'http://127.0.0.1:9',
      QDRANT_API_KEY: 'k',
    },
    clients: { sql: database.sql, vectors: fakeVectors() },
  })
})
afterAll(() => database.close())

/** The four calls that are used, with the answers of the real client. */
function fakeVectors(): Vectors {
  const calls = {
    collectionExists: async (name: string) => ({ exists: collections.has(name) }),
    getCollection: async (name: string) => ({
      config: { params: { vectors: collections.get(name) } },
    }),
    async createCollection(
      name: string,
      { vectors }: { vectors: { size: number; distance: string } },
    ) {
      collections.set(name, { ...vectors, indexes: [] })
    },
    async createPayloadIndex(name: string, { field_name }: { field_name: string }) {
      const indexes = collections.get(name)?.indexes
      if (indexes && !indexes.includes(field_name)) indexes.push(field_name)
    },
  }
  return calls as unknown as Vectors
}

interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: what a client would see, judged by the test
  body: any
}

async function send(path: string, body?: unknown, as = OPERATOR): Promise<Answer> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await app.request(BASE + path, { ...init, as })
  return { status: response.status, body: await response.json() }
}

describe('before and after the first run', () => {
  it('says what is pending, and refuses to make an admin yet', async () => {
    const { body } = await send('/status')
    expect(body.up_to_date).toBe(false)
    expect(body.migrations[0]).toMatchObject({ function: 'auth', version: 1, state: 'pending' })
    const admin = await send('/admin', { email: 'root@example.org', password: 'a long one 42' })
    expect([admin.status, admin.body.error.code]).toEqual([409, 'conflict'])
  })

  it('applies and reports', async () => {
    expect((await send('/up', { dry_run: true })).body.applied).toHaveLength(1)
    expect((await send('/up', {})).body).toMatchObject({
      dry_run: false,
      applied: [{ function: 'auth', version: 1, name: 'accounts' }],
    })
    expect((await send('/status')).body.up_to_date).toBe(true)
  })

  it.each([
    ['/up', { to: 'auth' }],
    ['/up', { to: 'auth/99' }],
    ['/up', { force: true }],
    ['/down', {}],
    ['/down', { steps: 1, to: 'auth/0' }],
    ['/down', { steps: 0 }],
    ['/down', { steps: '1' }],
  ])('refuses %s %j', async (path, input) => {
    const { status, body } = await send(path, input)
    expect([status, body.error.code]).toEqual([422, 'validation_failed'])
  })

  it('is for operators, and for people with the right to migrate', async () => {
    const person = { sub: 'u', kind: 'user', service: 'gateway' } as const
    expect((await send('/status', undefined, { ...person, permissions: ['api:*'] })).status).toBe(
      403,
    )
    expect(
      (await send('/status', undefined, { ...person, permissions: ['system:*'] })).status,
    ).toBe(200)
    expect((await send('/status', undefined, { ...OPERATOR, service: 'chat' })).status).toBe(403)
    expect((await app.request(`${BASE}/status`)).status).toBe(401)
  })
})

describe('the first admin', () => {
  const email = 'root@example.org'
  const password = 'an admin of 2026, the first'

  it('is made once, when many ask at once', async () => {
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => send('/admin', { email: ` ${email.toUpperCase()}`, password })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(answers.filter(({ body }) => body.created)).toHaveLength(1)
    expect(new Set(answers.map(({ body }) => body.user_id)).size).toBe(1)
    const rows = await database.sql`
      select email, password_phc, to_jsonb(roles) as roles from auth.users`
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ email, roles: ['admin'] })
    const { verify } = createPasswords()
    expect((await verify(rows[0]?.password_phc, password)).matches).toBe(true)
    const audit = await database.sql`select actor, action from auth.audit`
    expect([...audit]).toEqual([{ actor: 'operator', action: 'user.created' }])
  })

  it('is not replaced, whatever password comes later', async () => {
    const { body } = await send('/admin', { email, password: 'another one, later' })
    expect(body).toMatchObject({ created: false })
    const other = await send('/admin', { email: 'second@example.org', password })
    expect([other.status, other.body.error.code]).toEqual([409, 'conflict'])
  })

  it('is not an account that exists without the role', async () => {
    await database.sql`update auth.users set roles = '{user}'`
    const { status, body } = await send('/admin', { email, password })
    expect([status, body.error.message]).toEqual([
      409,
      'an account of this e-mail exists, and it is not an admin',
    ])
  })

  it('may not have a password that everybody tries', async () => {
    const { status } = await send('/admin', { email: 'x@example.org', password: 'Admin12345' })
    expect(status).toBe(422)
  })
})

describe('roles', () => {
  it('are made with the schemas, for functions of this build alone, and go with them', async () => {
    const name = `routes-${randomUUID().slice(0, 8)}`
    const schema = name.replace('-', '_')
    const step = {
      function: name,
      version: 1,
      name: 'schema',
      up: `create schema ${schema}`,
      down: `drop schema ${schema}`,
      checksum: '',
    }
    const own = createTestApp(
      { ...migrations, routes: migrationsRoutes([step]) },
      {
        env: {
          DATABASE_URL: database.url,
          DATABASE_ROLES: JSON.stringify({ [name]: randomUUID(), migrations: randomUUID() }),
          QDRANT_URL: 'http://127.0.0.1:9',
          QDRANT_API_KEY: 'k',
        },
        clients: { sql: database.sql, vectors: fakeVectors() },
      },
    )
    const post = async (path: string, input: object): Promise<number> => {
      const init = { method: 'POST', body: JSON.stringify(input), as: OPERATOR }
      return (await own.request(BASE + path, init)).status
    }
    const roles = async (): Promise<string[]> => {
      const rows = await database.sql<{ name: string }[]>`
        select rolname as name from pg_roles
        where rolname in (${`aiwfe_${schema}`}, 'aiwfe_migrations')`
      return rows.map(row => row.name)
    }
    expect([await post('/up', { dry_run: true }), await roles()]).toEqual([200, []])
    expect([await post('/up', {}), await roles()]).toEqual([200, [`aiwfe_${schema}`]])
    expect([await post('/down', { steps: 1, dry_run: true }), (await roles()).length]).toEqual([
      200, 1,
    ])
    expect([await post('/down', { steps: 1 }), await roles()]).toEqual([200, []])
  })
})

describe('vector collections', () => {
  it('are made when missing, with their indexes, and left alone afterwards', async () => {
    expect((await send('/collections', {})).body).toEqual({ created: ['memories'], existing: [] })
    expect(collections.get('memories')).toEqual({
      size: 768,
      distance: 'Cosine',
      indexes: ['user_id', 'kind', 'superseded'],
    })
    expect((await send('/collections', {})).body).toEqual({ created: [], existing: ['memories'] })
  })

  it('of another size are refused, by name and both sizes', async () => {
    collections.set('memories', { size: 384, distance: 'Cosine', indexes: [] })
    const { status, body } = await send('/collections', {})
    expect(status).toBe(409)
    expect(body.error.message).toContain(
      'the collection "memories" must have vectors of 768 dimensions (Cosine), got 384 (Cosine)',
    )
    expect(collections.get('memories')?.indexes).toEqual([])
  })
})
