/** Refreshing a session: who gets the next token, and who ends it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tokens } from '../../../shared/contracts/auth.ts'
import { type AuthFixture, openAuth, personOf } from './auth.fixture.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await openAuth()
})
afterAll(() => auth.close())

/** Lets `seconds` pass for this session: what the database compares is moved into the past. */
const age = (tokens: Tokens, seconds: number): Promise<unknown> => auth.database.sql`
  update auth.sessions set
    created_at = created_at - make_interval(secs => ${seconds}),
    refreshed_at = refreshed_at - make_interval(secs => ${seconds}),
    idle_expires_at = idle_expires_at - make_interval(secs => ${seconds}),
    expires_at = expires_at - make_interval(secs => ${seconds})
  where id = ${personOf(tokens).sid ?? ''}`

describe('refreshing', () => {
  it('gives the next token and a new access token', async () => {
    const first = await auth.signUp()
    const { status, body } = await auth.refresh(first)
    expect(status).toBe(200)
    expect(body.refresh_token).not.toBe(first.refresh_token)
    expect(body.access_token).not.toBe(first.access_token)
    expect(personOf(body)).toEqual(personOf(first))
    expect(await auth.rowOf(first)).toMatchObject({ counter: 1 })
    expect((await auth.refresh(body)).status).toBe(200)
  })

  it('gives fifty that come at once the same next token', async () => {
    const first = await auth.signUp()
    const other = auth.another()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? auth : other).refresh(first)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
    expect(await auth.rowOf(first)).toEqual({ counter: 1, revoke_reason: null })
  })

  it('gives the same next token to a client that lost the answer, within the grace', async () => {
    const first = await auth.signUp()
    const next = await auth.refresh(first)
    await age(first, 9)
    const again = await auth.refresh(first)
    expect([again.status, again.body.refresh_token]).toEqual([200, next.body.refresh_token])
  })

  it('ends the session when the last token comes after the grace', async () => {
    const first = await auth.signUp()
    const next = await auth.refresh(first)
    await age(first, 11)
    const stolen = await auth.refresh(first)
    expect([stolen.status, stolen.body.error.code]).toEqual([401, 'token_revoked'])
    expect((await auth.refresh(next.body)).body.error.code).toBe('token_revoked')
    expect(await auth.rowOf(first)).toMatchObject({ revoke_reason: 'refresh.reused' })
    expect(
      (await auth.feed()).some(member => member.startsWith(`sid|${personOf(first).sid}|`)),
    ).toBe(true)
    const [row] = await auth.database.sql`
      select outcome from auth.audit
      where action = 'refresh_reuse_detected' and target = ${personOf(first).sid ?? ''}`
    expect(row?.outcome).toBe('denied')
  })

  it('ends the session when an older token comes, however soon', async () => {
    const first = await auth.signUp()
    const second = await auth.refresh(first)
    await auth.refresh(second.body)
    expect((await auth.refresh(first)).body.error.code).toBe('token_revoked')
    expect(await auth.rowOf(first)).toMatchObject({ revoke_reason: 'refresh.reused' })
  })

  it('remembers after a restart that a token was used', async () => {
    const first = await auth.signUp()
    await auth.refresh(first)
    await age(first, 11)
    expect((await auth.another().refresh(first)).body.error.code).toBe('token_revoked')
  })

  it('survives a rotation of the secret', async () => {
    const first = await auth.signUp()
    const rotated = auth.another({
      JWT_SECRET: 'Zk4pR8vW1yB6nQ3tXc7mL0sJ9hFd2gAe',
      JWT_SECRET_PREVIOUS: auth.deps.config.JWT_SECRET,
    })
    const { status, body } = await rotated.refresh(first)
    expect(status).toBe(200)
    expect((await rotated.refresh(body)).status).toBe(200)
  })

  it.each([
    ['a second before the idle limit', 86_399, 200],
    ['at the idle limit', 86_401, 401],
  ])('answers %s', async (_, seconds, status) => {
    const first = await auth.signUp()
    await age(first, seconds)
    expect((await auth.refresh(first)).status).toBe(status)
  })

  it('ends after the absolute limit, used or not', async () => {
    const first = await auth.signUp()
    const sid = personOf(first).sid ?? ''
    const { sql } = auth.database
    await sql`update auth.sessions set expires_at = now() + interval '100 s' where id = ${sid}`
    const { body } = await auth.refresh(first)
    expect(body.expires_in).toBeLessThanOrEqual(100)
    await sql`update auth.sessions set expires_at = now() - interval '1 s' where id = ${sid}`
    const late = await auth.refresh(body)
    expect([late.status, late.body.error.code]).toEqual([401, 'token_expired'])
    expect(await auth.rowOf(first)).toMatchObject({ revoke_reason: null })
  })

  it('refuses an account that was disabled, and takes up a changed role', async () => {
    const first = await auth.signUp()
    const { sql } = auth.database
    await sql`update auth.users set roles = '{readonly}' where id = ${first.user.id}`
    const { body } = await auth.refresh(first)
    expect(body.user.roles).toEqual(['readonly'])
    await sql`update auth.users set status = 'disabled' where id = ${first.user.id}`
    expect((await auth.refresh(body)).status).toBe(401)
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
      const { status, body } = await auth.refresh({ refresh_token: token })
      expect([token, status, body.error.code]).toEqual([token, 401, 'token_invalid'])
    }
    expect((await auth.refresh({ refresh_token })).status).toBe(200)
  })
})
