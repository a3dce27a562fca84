import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EPOCH, FEED } from '../../../functions/auth/revocations.ts'
import type { Tokens } from '../../../shared/contracts/auth.ts'
import type { Principal } from '../../../shared/principal.ts'
import {
  type Answer,
  type AuthFixture,
  GATEWAY,
  openAuth,
  PASSWORD,
  personOf,
} from './auth.fixture.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await openAuth()
})
afterAll(() => auth.close())

const refresh = ({ refresh_token }: Pick<Tokens, 'refresh_token'>, on = auth): Promise<Answer> =>
  on.post('/api/v1/auth/refresh', { refresh_token })

const rowOf = async (tokens: Tokens): Promise<Record<string, unknown>> => {
  const rows = await auth.database.sql`
    select counter::int as counter, revoke_reason from auth.sessions
    where id = ${personOf(tokens).sid ?? ''}`
  return rows[0] ?? {}
}

/** Lets `seconds` pass for this session: what the database compares is moved into the past. */
const age = (tokens: Tokens, seconds: number): Promise<unknown> => auth.database.sql`
  update auth.sessions set
    created_at = created_at - make_interval(secs => ${seconds}),
    refreshed_at = refreshed_at - make_interval(secs => ${seconds}),
    idle_expires_at = idle_expires_at - make_interval(secs => ${seconds}),
    expires_at = expires_at - make_interval(secs => ${seconds})
  where id = ${personOf(tokens).sid ?? ''}`

const feed = (): Promise<string[]> => auth.store.kv.zrange<string[]>(FEED, 0, -1)

describe('refreshing', () => {
  it('gives the next token and a new access token', async () => {
    const first = await auth.signUp()
    const { status, body } = await refresh(first)
    expect(status).toBe(200)
    expect(body.refresh_token).not.toBe(first.refresh_token)
    expect(body.access_token).not.toBe(first.access_token)
    expect(personOf(body)).toEqual(personOf(first))
    expect(await rowOf(first)).toMatchObject({ counter: 1 })
    expect((await refresh(body)).status).toBe(200)
  })

  it('gives fifty that come at once the same next token', async () => {
    const first = await auth.signUp()
    const other = auth.another()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => refresh(first, index % 2 ? auth : other)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
    expect(await rowOf(first)).toEqual({ counter: 1, revoke_reason: null })
  })

  it('gives the same next token to a client that lost the answer, within the grace', async () => {
    const first = await auth.signUp()
    const next = await refresh(first)
    await age(first, 9)
    const again = await refresh(first)
    expect([again.status, again.body.refresh_token]).toEqual([200, next.body.refresh_token])
  })

  it('ends the session when the last token comes after the grace', async () => {
    const first = await auth.signUp()
    const next = await refresh(first)
    await age(first, 11)
    const stolen = await refresh(first)
    expect([stolen.status, stolen.body.error.code]).toEqual([401, 'token_revoked'])
    expect((await refresh(next.body)).body.error.code).toBe('token_revoked')
    expect(await rowOf(first)).toMatchObject({ revoke_reason: 'refresh.reused' })
    expect((await feed()).some(member => member.startsWith(`sid|${personOf(first).sid}|`))).toBe(
      true,
    )
    const [row] = await auth.database.sql`
      select outcome from auth.audit
      where action = 'refresh_reuse_detected' and target = ${personOf(first).sid ?? ''}`
    expect(row?.outcome).toBe('denied')
  })

  it('ends the session when an older token comes, however soon', async () => {
    const first = await auth.signUp()
    const second = await refresh(first)
    await refresh(second.body)
    expect((await refresh(first)).body.error.code).toBe('token_revoked')
    expect(await rowOf(first)).toMatchObject({ revoke_reason: 'refresh.reused' })
  })

  it('remembers after a restart that a token was used', async () => {
    const first = await auth.signUp()
    await refresh(first)
    await age(first, 11)
    expect((await refresh(first, auth.another())).body.error.code).toBe('token_revoked')
  })

  it('survives a rotation of the secret', async () => {
    const first = await auth.signUp()
    const rotated = auth.another({
      JWT_SECRET: 'Zk4pR8vW1yB6nQ3tXc7mL0sJ9hFd2gAe',
      JWT_SECRET_PREVIOUS: auth.deps.config.JWT_SECRET,
    })
    const { status, body } = await refresh(first, rotated)
    expect(status).toBe(200)
    expect((await refresh(body, rotated)).status).toBe(200)
  })

  it.each([
    ['a second before the idle limit', 86_399, 200],
    ['at the idle limit', 86_401, 401],
  ])('answers %s', async (_, seconds, status) => {
    const first = await auth.signUp()
    await age(first, seconds)
    expect((await refresh(first)).status).toBe(status)
  })

  it('ends after the absolute limit, used or not', async () => {
    const first = await auth.signUp()
    const sid = personOf(first).sid ?? ''
    const { sql } = auth.database
    await sql`update auth.sessions set expires_at = now() + interval '100 s' where id = ${sid}`
    const { body } = await refresh(first)
    expect(body.expires_in).toBeLessThanOrEqual(100)
    await sql`update auth.sessions set expires_at = now() - interval '1 s' where id = ${sid}`
    const late = await refresh(body)
    expect([late.status, late.body.error.code]).toEqual([401, 'token_expired'])
    expect(await rowOf(first)).toMatchObject({ revoke_reason: null })
  })

  it('refuses an account that was disabled, and takes up a changed role', async () => {
    const first = await auth.signUp()
    const { sql } = auth.database
    await sql`update auth.users set roles = '{readonly}' where id = ${first.user.id}`
    const { body } = await refresh(first)
    expect(body.user.roles).toEqual(['readonly'])
    await sql`update auth.users set status = 'disabled' where id = ${first.user.id}`
    expect((await refresh(body)).status).toBe(401)
  })

  it('refuses every other spelling of a token', async () => {
    const { refresh_token } = await auth.signUp()
    const [version, sid, counter, mac = ''] = refresh_token.split('.')
    const wrong = [
      ...Array.from({ length: refresh_token.length - 20 }, (_, cut) =>
        refresh_token.slice(0, 20 + cut),
      ),
      [version, sid, '1', mac].join('.'),
      [version, sid, '00', mac].join('.'),
      [version, crypto.randomUUID(), counter, mac].join('.'),
      [version, sid?.toUpperCase(), counter, mac].join('.'),
      ['v2', sid, counter, mac].join('.'),
      `${refresh_token}=`,
      ` ${refresh_token}`,
      ...[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
        .filter(last => last !== mac.at(-1))
        .map(last => refresh_token.slice(0, -1) + last),
    ]
    for (const token of wrong) {
      const { status, body } = await refresh({ refresh_token: token })
      expect([token, status, body.error.code]).toEqual([token, 401, 'token_invalid'])
    }
    expect((await refresh({ refresh_token })).status).toBe(200)
  })
})

describe('logging out', () => {
  const LOGOUT = '/api/v1/auth/logout'
  const logIn = async (email: string): Promise<Tokens> =>
    (await auth.post('/api/v1/auth/jwt/login', { email, password: PASSWORD })).body

  it('ends this session and tells the gateways', async () => {
    const first = await auth.signUp()
    const second = await logIn(first.email)
    const { body } = await auth.post(LOGOUT, {}, personOf(first))
    expect(body).toEqual({ revoked: 1 })
    expect((await refresh(first)).body.error.code).toBe('token_revoked')
    expect((await refresh(second)).status).toBe(200)
    const members = (await feed()).filter(member =>
      member.startsWith(`sid|${personOf(first).sid}|`),
    )
    const until = Number(members[0]?.split('|')[2]) - Date.now() / 1000
    expect(until).toBeGreaterThan(86_400)
    expect(until).toBeLessThan(86_400 + 120)
    expect((await auth.post(LOGOUT, {}, personOf(first))).body).toEqual({ revoked: 0 })
  })

  it('ends the others, or all, and lists what is left', async () => {
    const first = await auth.signUp()
    const others = [await logIn(first.email), await logIn(first.email)]
    const list = await auth.get('/api/v1/auth/sessions', personOf(first))
    expect(list.body.sessions).toHaveLength(3)
    expect(list.body.sessions.filter((row: { current: boolean }) => row.current)).toHaveLength(1)
    expect(JSON.stringify(list.body)).not.toContain(first.refresh_token)
    expect((await auth.post(LOGOUT, { scope: 'others' }, personOf(first))).body).toEqual({
      revoked: 2,
    })
    for (const other of others) expect((await refresh(other)).status).toBe(401)
    const { body } = await refresh(first)
    expect((await auth.post(LOGOUT, { scope: 'global' }, personOf(first))).body).toEqual({
      revoked: 1,
    })
    expect((await refresh(body)).status).toBe(401)
    expect(await feed()).toContainEqual(
      expect.stringMatching(`^uid\\|${first.user.id}\\|2\\|\\d+$`),
    )
    const after = await logIn(first.email)
    const payload = JSON.parse(
      Buffer.from(after.access_token.split('.')[1] ?? '', 'base64url').toString(),
    )
    expect(payload.uv).toBe(2)
  })

  it('does not touch the sessions of somebody else', async () => {
    const [mine, theirs] = [await auth.signUp(), await auth.signUp()]
    const forged = { ...personOf(mine), sid: personOf(theirs).sid ?? '' }
    expect((await auth.post(LOGOUT, {}, forged)).body).toEqual({ revoked: 0 })
    await auth.post(LOGOUT, { scope: 'global' }, personOf(mine))
    expect((await refresh(theirs)).status).toBe(200)
  })

  it('wins over refreshes that run at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const first = await auth.signUp()
      const [, ...answers] = await Promise.all([
        auth.post(LOGOUT, {}, personOf(first)),
        ...Array.from({ length: 4 }, () => refresh(first)),
      ])
      for (const { status, body } of answers) {
        if (status === 200) expect((await refresh(body)).status).toBe(401)
      }
      expect((await refresh(first)).status).toBe(401)
    }
  })
})

describe('the revocation feed', () => {
  it('is sent later when the key-value store was away, and again when the store lost it', async () => {
    const first = await auth.signUp()
    const away = auth.another()
    const { createKv } = await import('../../../shared/clients/kv.ts')
    const broken = createKv('http://127.0.0.1:9', 'none')
    Object.defineProperty(away.deps, 'kv', { get: () => broken })
    const { status } = await away.post('/api/v1/auth/logout', {}, personOf(first))
    expect(status).toBe(200)
    const mine = (member: string): boolean => member.startsWith(`sid|${personOf(first).sid}|`)
    expect((await feed()).some(mine)).toBe(false)
    const second = await auth.signUp()
    await refresh(second)
    expect((await feed()).some(mine)).toBe(true)
    await auth.store.kv.flushdb()
    await refresh(await auth.signUp(), auth.another())
    expect((await feed()).some(mine)).toBe(true)
  })

  it('is written again when a gateway asks, and by nobody else', async () => {
    const tokens = await auth.signUp()
    await auth.post('/api/v1/auth/logout', {}, personOf(tokens))
    await auth.store.kv.flushdb()
    const ask = (as?: Principal) => auth.post('/internal/revocations/sync', {}, as)
    expect((await ask({ ...GATEWAY, sub: 'chat', service: 'chat' })).status).toBe(403)
    expect((await auth.request('/internal/revocations/sync', { method: 'POST' })).status).toBe(401)
    expect(await auth.store.kv.exists(EPOCH)).toBe(0)
    expect(await ask(GATEWAY)).toMatchObject({ status: 200, body: { whole: true } })
    expect(await auth.store.kv.exists(EPOCH)).toBe(1)
    const sid = personOf(tokens).sid
    expect((await feed()).some(member => member.startsWith(`sid|${sid}|`))).toBe(true)
  })

  it('is there after the first account was made, though nobody was revoked', async () => {
    await auth.store.kv.flushdb()
    const other = auth.another()
    const account = { email: 'first@example.org', password: PASSWORD }
    expect((await other.post('/api/v1/auth/register', account)).status).toBe(201)
    expect(await auth.store.kv.exists(EPOCH)).toBe(1)
  })
})

describe('the audit record', () => {
  it('is one unbroken chain, also when many write at once', async () => {
    const users = await Promise.all(Array.from({ length: 8 }, () => auth.signUp()))
    await Promise.all(users.map(user => refresh(user)))
    const [row] = await auth.database
      .sql`select auth.first_broken_audit() as id, count(*)::int from auth.audit`
    expect(row?.id).toBeNull()
    expect(row?.count).toBeGreaterThan(16)
  })

  it('can be appended to and nothing else, and shows when somebody did more', async () => {
    const { sql } = auth.database
    await auth.signUp()
    await expect(sql`update auth.audit set actor = 'nobody'`).rejects.toThrow('only be appended to')
    await expect(sql`delete from auth.audit`).rejects.toThrow('only be appended to')
    await expect(sql`truncate auth.audit`).rejects.toThrow('only be appended to')
    const [last] = await sql`select max(id)::int as id from auth.audit`
    const target = Number(last?.id) - 1
    const undo = new Error('undo')
    for (const [change, broken] of [
      [`update auth.audit set details = '{"x": 1}' where id = ${target}`, target],
      [`delete from auth.audit where id = ${target}`, target + 1],
    ] as const) {
      await expect(
        sql.begin(async tx => {
          await tx`alter table auth.audit disable trigger audit_append_only`
          await tx.unsafe(change)
          const [row] = await tx`select auth.first_broken_audit()::int as id`
          expect(row?.id).toBe(broken)
          throw undo
        }),
      ).rejects.toBe(undo)
    }
  })
})
