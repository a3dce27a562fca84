/** How sessions end: logging out, the feed that tells the gateways, and the record that stays. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EPOCH } from '../../../functions/auth/revocations.ts'
import type { Principal } from '../../../shared/principal.ts'
import { type AuthFixture, GATEWAY, openAuth, PASSWORD, personOf } from './auth.fixture.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await openAuth()
})
afterAll(() => auth.close())

const LOGOUT = '/api/v1/auth/logout'

describe('logging out', () => {
  it('ends this session and tells the gateways', async () => {
    const first = await auth.signUp()
    const second = await auth.logIn(first.email)
    const { body } = await auth.post(LOGOUT, {}, personOf(first))
    expect(body).toEqual({ revoked: 1 })
    expect((await auth.refresh(first)).body.error.code).toBe('token_revoked')
    expect((await auth.refresh(second)).status).toBe(200)
    const members = (await auth.feed()).filter(member =>
      member.startsWith(`sid|${personOf(first).sid}|`),
    )
    const until = Number(members[0]?.split('|')[2]) - Date.now() / 1000
    expect(until).toBeGreaterThan(86_400)
    expect(until).toBeLessThan(86_400 + 120)
    expect((await auth.post(LOGOUT, {}, personOf(first))).body).toEqual({ revoked: 0 })
  })

  it('ends the others, or all, and lists what is left', async () => {
    const first = await auth.signUp()
    const others = [await auth.logIn(first.email), await auth.logIn(first.email)]
    const list = await auth.get('/api/v1/auth/sessions', personOf(first))
    expect(list.body.sessions).toHaveLength(3)
    expect(list.body.sessions.filter((row: { current: boolean }) => row.current)).toHaveLength(1)
    expect(JSON.stringify(list.body)).not.toContain(first.refresh_token)
    expect((await auth.post(LOGOUT, { scope: 'others' }, personOf(first))).body).toEqual({
      revoked: 2,
    })
    for (const other of others) expect((await auth.refresh(other)).status).toBe(401)
    const { body } = await auth.refresh(first)
    expect((await auth.post(LOGOUT, { scope: 'global' }, personOf(first))).body).toEqual({
      revoked: 1,
    })
    expect((await auth.refresh(body)).status).toBe(401)
    expect(await auth.feed()).toContainEqual(
      expect.stringMatching(`^uid\\|${first.user.id}\\|2\\|\\d+$`),
    )
    const after = await auth.logIn(first.email)
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
    expect((await auth.refresh(theirs)).status).toBe(200)
  })

  it('wins over refreshes that run at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const first = await auth.signUp()
      const [, ...answers] = await Promise.all([
        auth.post(LOGOUT, {}, personOf(first)),
        ...Array.from({ length: 4 }, () => auth.refresh(first)),
      ])
      for (const { status, body } of answers) {
        if (status === 200) expect((await auth.refresh(body)).status).toBe(401)
      }
      expect((await auth.refresh(first)).status).toBe(401)
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
    const { status } = await away.post(LOGOUT, {}, personOf(first))
    expect(status).toBe(200)
    const mine = (member: string): boolean => member.startsWith(`sid|${personOf(first).sid}|`)
    expect((await auth.feed()).some(mine)).toBe(false)
    const second = await auth.signUp()
    await auth.refresh(second)
    expect((await auth.feed()).some(mine)).toBe(true)
    await auth.store.kv.flushdb()
    await auth.another().refresh(await auth.signUp())
    expect((await auth.feed()).some(mine)).toBe(true)
  })

  it('is written again when a gateway asks, and by nobody else', async () => {
    const tokens = await auth.signUp()
    await auth.post(LOGOUT, {}, personOf(tokens))
    await auth.store.kv.flushdb()
    const ask = (as?: Principal) => auth.post('/internal/revocations/sync', {}, as)
    expect((await ask({ ...GATEWAY, sub: 'chat', service: 'chat' })).status).toBe(403)
    expect((await auth.request('/internal/revocations/sync', { method: 'POST' })).status).toBe(401)
    expect(await auth.store.kv.exists(EPOCH)).toBe(0)
    expect(await ask(GATEWAY)).toMatchObject({ status: 200, body: { whole: true } })
    expect(await auth.store.kv.exists(EPOCH)).toBe(1)
    const sid = personOf(tokens).sid
    expect((await auth.feed()).some(member => member.startsWith(`sid|${sid}|`))).toBe(true)
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
    const { sql } = auth.database
    const count = async (): Promise<number> =>
      Number((await sql`select count(*) from auth.audit`)[0]?.count)
    const before = await count()
    const users = await Promise.all(Array.from({ length: 8 }, () => auth.signUp()))
    await Promise.all(users.map(user => auth.refresh(user)))
    const [row] = await sql`select auth.first_broken_audit() as id`
    expect(row?.id).toBeNull()
    // Each made an account, was logged in, and refreshed.
    expect((await count()) - before).toBe(8 * 3)
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
