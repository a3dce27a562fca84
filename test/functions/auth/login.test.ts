import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuthFixture, openAuth, PASSWORD, personOf } from './auth.fixture.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await openAuth()
})
afterAll(() => auth.close())

const LOGIN = '/api/v1/auth/jwt/login'
const REGISTER = '/api/v1/auth/register'
const network = (): string => `10.0.${Math.floor(Math.random() * 1e9)}.0/24`

describe('making an account', () => {
  it('logs in at once, as a user', async () => {
    const { status, body } = await auth.post(REGISTER, {
      email: 'Ada@Example.ORG',
      password: PASSWORD,
      name: 'Ada',
    })
    expect(status).toBe(201)
    expect(body.user).toMatchObject({ email: 'ada@example.org', name: 'Ada', roles: ['user'] })
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 86_400 })
    expect(Date.parse(body.refresh_at)).toBeLessThan(Date.parse(body.expires_at))
    const me = await auth.get('/api/v1/auth/me', personOf(body))
    expect(me.body).toMatchObject({ email: 'ada@example.org' })
    expect(me.body.permissions).toContain('cognitive:inference')
    expect(JSON.stringify(me.body)).not.toContain('argon2')
  })

  it('refuses an e-mail that has an account, in whatever spelling', async () => {
    const { email } = await auth.signUp()
    for (const spelling of [email, ` ${email.toUpperCase()} `, email.replace('@', '＠')]) {
      const { status, body } = await auth.post(REGISTER, { email: spelling, password: PASSWORD })
      expect([status, body.error.code]).toEqual([409, 'conflict'])
    }
  })

  it('makes one account when two ask at once', async () => {
    const email = 'twins@example.org'
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => auth.post(REGISTER, { email, password: PASSWORD })),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409])
  })

  it.each([
    ['a common password', 'Password123'],
    ['the name of the platform', 'aiwfe-2026!'],
    ['the own e-mail', 'margaret.h@example.org'],
    ['the own name', 'Margaret1234'],
    ['two characters repeated', 'abababababab'],
  ])('refuses %s', async (_, password) => {
    const { status, body } = await auth.post(REGISTER, {
      email: 'margaret.h@example.org',
      name: 'Margaret Hamilton',
      password,
    })
    expect([status, body.error.code]).toEqual([422, 'validation_failed'])
    expect(JSON.stringify(body)).not.toContain(password)
  })

  it('refuses fields that would raise rights', async () => {
    for (const extra of [{ roles: ['admin'] }, { status: 'active' }, { version: 9 }]) {
      const { status } = await auth.post(REGISTER, {
        email: 'mallory@example.org',
        password: PASSWORD,
        ...extra,
      })
      expect(status).toBe(422)
    }
  })

  it('answers text that no database takes with a clear error', async () => {
    for (const fields of [{ name: 'a\0b' }, { email: 'a\0b@example.org' }, { email: 'a@b@c' }]) {
      const { status } = await auth.post(REGISTER, {
        email: 'nul@example.org',
        password: PASSWORD,
        ...fields,
      })
      expect(status).toBe(422)
    }
  })

  it('limits how many one network makes', async () => {
    const strict = auth.another({ REGISTER_ATTEMPTS: '2' })
    const ip_prefix = network()
    const statuses: number[] = []
    for (const name of ['a', 'b', 'c']) {
      const email = `net-${name}@example.org`
      statuses.push((await strict.post(REGISTER, { email, password: PASSWORD, ip_prefix })).status)
    }
    expect(statuses).toEqual([201, 201, 429])
  })
})

describe('logging in', () => {
  it('opens a session of its own each time', async () => {
    const first = await auth.signUp()
    const { status, body } = await auth.post(LOGIN, { email: first.email, password: PASSWORD })
    expect(status).toBe(200)
    expect(personOf(body).sid).not.toBe(personOf(first).sid)
  })

  it('takes the password exactly as it was set', async () => {
    const passwords = [
      'pässwörd-ﬁ-longer',
      'abcd'.repeat(32),
      'tab\tand\0nul here',
      '🔑🔑🔑 keys of mine',
    ]
    for (const [index, password] of passwords.entries()) {
      const email = `exact-${index}@example.org`
      const ip_prefix = network()
      expect((await auth.post(REGISTER, { email, password })).status).toBe(201)
      const wrong = `${password} `
      expect((await auth.post(LOGIN, { email, password: wrong, ip_prefix })).status).toBe(401)
      const folded = password.normalize('NFKD')
      const status = folded === password ? 200 : 401
      expect((await auth.post(LOGIN, { email, password: folded, ip_prefix })).status).toBe(status)
      expect((await auth.post(LOGIN, { email, password, ip_prefix })).status).toBe(200)
    }
  })

  it('answers an unknown e-mail, a wrong password and a disabled account alike', async () => {
    const { email, user } = await auth.signUp()
    const wrong = await auth.post(LOGIN, { email, password: 'not this one', ip_prefix: network() })
    const unknown = await auth.post(LOGIN, {
      email: 'nobody@example.org',
      password: PASSWORD,
      ip_prefix: network(),
    })
    await auth.database.sql`update auth.users set status = 'disabled' where id = ${user.id}`
    const disabled = await auth.post(LOGIN, { email, password: PASSWORD, ip_prefix: network() })
    const seen = [wrong, unknown, disabled].map(({ status, body }) => [
      status,
      body.error.code,
      body.error.message,
      body.error.details,
    ])
    expect(seen[0]?.slice(0, 2)).toEqual([401, 'unauthenticated'])
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
  })

  it('makes the hash anew when it has old parameters', async () => {
    const { email, user } = await auth.signUp()
    // m=8, t=1 of the same password
    const { argon2Sync, randomBytes } = await import('node:crypto')
    const nonce = randomBytes(16)
    const tag = argon2Sync('argon2id', {
      message: PASSWORD,
      nonce,
      parallelism: 1,
      tagLength: 32,
      memory: 8,
      passes: 1,
    })
    const encode = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
    const old = `$argon2id$v=19$m=8,t=1,p=1$${encode(nonce)}$${encode(tag)}`
    const { sql } = auth.database
    await sql`update auth.users set password_phc = ${old} where id = ${user.id}`
    expect((await auth.post(LOGIN, { email, password: PASSWORD })).status).toBe(200)
    const [row] = await sql`select password_phc from auth.users where id = ${user.id}`
    expect(row?.password_phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect((await auth.post(LOGIN, { email, password: PASSWORD })).status).toBe(200)
  })

  it('refuses the sixth attempt within the window, and says when to come back', async () => {
    const { email } = await auth.signUp()
    const ip_prefix = network()
    const answers = []
    for (let attempt = 0; attempt < 6; attempt += 1) {
      answers.push(await auth.post(LOGIN, { email, password: 'a wrong one', ip_prefix }))
    }
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429])
    const wait = Number(answers[5]?.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(300)
    // The right password does not help now, and another network does not either.
    const right = await auth.post(LOGIN, { email, password: PASSWORD, ip_prefix: network() })
    expect(right.status).toBe(429)
  })

  it('lets a network with one right login after another in, and stops its guesses', async () => {
    const ip_prefix = network()
    for (let count = 0; count < 7; count += 1) {
      const { email } = await auth.signUp()
      expect((await auth.post(LOGIN, { email, password: PASSWORD, ip_prefix })).status).toBe(200)
    }
    const statuses = []
    for (let count = 0; count < 6; count += 1) {
      const email = `guess-${count}-${ip_prefix.replaceAll('/', '-')}@example.org`
      statuses.push((await auth.post(LOGIN, { email, password: 'whatever 1', ip_prefix })).status)
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
  })

  it('admits five of a hundred guesses that come at once to two instances', async () => {
    const { email } = await auth.signUp()
    const other = auth.another()
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 ? auth : other).post(LOGIN, {
          email,
          password: 'a wrong one',
          ip_prefix: `203.0.${index}.0/24`,
        }),
      ),
    )
    const counts = Map.groupBy(answers, ({ status }) => status)
    expect(counts.get(401)).toHaveLength(5)
    expect(counts.get(429)).toHaveLength(95)
  })

  it('goes on with a limit of its own when the key-value store is away', async () => {
    const { email } = await auth.signUp()
    const away = auth.another({ UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9' })
    const { createKv } = await import('../../../shared/clients/kv.ts')
    Object.defineProperty(away.deps, 'kv', { get: () => createKv('http://127.0.0.1:9', 'none') })
    const statuses = []
    for (let attempt = 0; attempt < 6; attempt += 1) {
      statuses.push((await away.post(LOGIN, { email, password: 'a wrong one' })).status)
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
    const { email: other } = await auth.signUp()
    const ip_prefix = network()
    expect((await away.post(LOGIN, { email: other, password: PASSWORD, ip_prefix })).status).toBe(
      200,
    )
  })

  it('logs no password, no token and no e-mail', async () => {
    const { email, access_token, refresh_token } = await auth.signUp()
    await auth.post(LOGIN, { email, password: 'a wrong one here' })
    const text = JSON.stringify(auth.lines)
    for (const secret of [email, PASSWORD, 'a wrong one here', access_token, refresh_token]) {
      expect(text).not.toContain(secret)
    }
    const rows = await auth.database.sql`select * from auth.audit`
    expect(JSON.stringify(rows)).not.toContain(email)
  })
})

describe('who may ask', () => {
  it('needs a token of the gateway for what is about a person', async () => {
    const stranger = { ...personOf(await auth.signUp()), service: 'chat' }
    for (const path of ['/api/v1/auth/me', '/api/v1/auth/sessions']) {
      expect((await auth.get(path, stranger)).status).toBe(403)
      expect((await auth.request(path)).status).toBe(401)
      expect((await auth.get(path)).status).toBe(403)
    }
  })

  it('shows no keys in the HS256 profile', async () => {
    expect((await auth.get('/.well-known/jwks.json')).body).toEqual({ keys: [] })
  })

  it('shows the public key in the EdDSA profile, and signs with its other half', async () => {
    const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
    const pair = auth.another({
      JWT_ALGORITHM: 'EdDSA',
      JWT_PRIVATE_KEY: JSON.stringify(await exportJWK(privateKey)),
      JWT_EXPIRE_HOURS: '0.25',
    })
    const { access_token, expires_in } = await pair.signUp()
    expect(expires_in).toBe(900)
    const { body } = await pair.get('/.well-known/jwks.json')
    expect(JSON.stringify(body)).not.toContain('"d"')
    const { payload } = await jwtVerify(access_token, createLocalJWKSet(body), {
      issuer: 'auth',
      audience: 'gateway',
      typ: 'at+jwt',
    })
    expect(payload.exp).toBe(Number(payload.iat) + 900)
  })
})
