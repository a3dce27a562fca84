import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { type AccessTokens, createAccessTokens } from '../../shared/access-token.ts'
import { createKeyRing, type KeyRing } from '../../shared/access-token-keys.ts'
import type { AccessTokenConfig } from '../../shared/access-token-settings.ts'
import { accessTokenSettings } from '../../shared/access-token-settings.ts'
import { readConfig } from '../../shared/config.ts'

const SECRET = 'q7mYtT2nFz0cVh4KxJd9sWbA5eGr8uLp'
const NOW = 1_800_000_000
const PURPOSE = 'aiwfe|at+jwt|gateway'
const GRANT = { sub: 'u1', sid: 's1', auth_time: NOW, roles: ['user'], sv: 1, uv: 1 }
const BASE: AccessTokenConfig = {
  JWT_ALGORITHM: 'HS256',
  JWT_SECRET: SECRET,
  JWT_SECRET_PREVIOUS: '',
  JWT_PRIVATE_KEY: '',
  JWT_PUBLIC_KEYS: '',
  JWT_EXPIRE_HOURS: 24,
}
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

let now = NOW
const make = (config: AccessTokenConfig): AccessTokens =>
  createAccessTokens(config, { clock: { now: () => now * 1000 }, id: () => crypto.randomUUID() })

const profiles: Record<string, AccessTokenConfig> = { HS256: BASE }
let ring: KeyRing
beforeAll(async () => {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const jwk = JSON.stringify(await exportJWK(privateKey))
  profiles.EdDSA = { ...BASE, JWT_ALGORITHM: 'EdDSA', JWT_PRIVATE_KEY: jwk }
})

const rejects = (tokens: AccessTokens, token: string, code = 'token_invalid'): Promise<void> =>
  expect(tokens.verify(token), token.slice(-40)).rejects.toMatchObject({ code })

describe.each(['HS256', 'EdDSA'])('the %s profile', name => {
  const profile = (): AccessTokenConfig => profiles[name] ?? BASE
  const CLAIMS = { iss: 'auth', aud: 'gateway', ...GRANT, jti: 'j', iat: NOW, exp: NOW + 600 }

  /** Signs whatever it is given with the real key. */
  async function forge(
    claims: Record<string, unknown>,
    header: Record<string, unknown> = {},
  ): Promise<string> {
    ring = await createKeyRing(profile(), PURPOSE)
    if (!ring.signing) throw new Error('no signing key')
    const full = { alg: ring.alg, typ: 'at+jwt', kid: ring.signing.kid, ...header }
    return new SignJWT(claims).setProtectedHeader(full).sign(ring.signing.key)
  }

  it('proves what it issued, in another process as well', async () => {
    now = NOW
    const { token, claims } = await make(profile()).issue(GRANT)
    expect(await make(profile()).verify(token)).toEqual(claims)
    expect(claims).toMatchObject({ ...GRANT, iss: 'auth', aud: 'gateway', exp: NOW + 86_400 })
  })

  it('ends a token where it is told to', async () => {
    const { claims } = await make(profile()).issue(GRANT, NOW + 10)
    expect(claims.exp).toBe(NOW + 10)
  })

  it('accepts a token until 30 s after its end, and remembers it no longer', async () => {
    now = NOW
    const tokens = make(profile())
    const { token } = await tokens.issue(GRANT)
    now = NOW + 86_400 + 29
    await tokens.verify(token)
    now += 2
    await rejects(tokens, token, 'token_expired')
    now = NOW - 31
    await rejects(make(profile()), token)
    now = NOW
  })

  it('refuses a token cut at any place', async () => {
    const tokens = make(profile())
    const { token } = await tokens.issue(GRANT)
    for (let cut = 0; cut < token.length; cut += 1) await rejects(tokens, token.slice(0, cut))
    await tokens.verify(token)
  })

  it('accepts one of the 64 last characters, and no blanks, padding or line ends', async () => {
    const tokens = make(profile())
    const { token } = await tokens.issue(GRANT)
    const spellings = [...ALPHABET].map(last => token.slice(0, -1) + last)
    for (const spelling of spellings) {
      if (spelling === token) await tokens.verify(spelling)
      else await rejects(tokens, spelling)
    }
    const decorated = [
      `${token}=`,
      `${token} `,
      ` ${token}`,
      `${token}\n`,
      token.replace('.', '. '),
    ]
    for (const other of [...decorated, `${token}.`, `.${token}`]) await rejects(tokens, other)
  })

  it('refuses a change of any character', async () => {
    const tokens = make(profile())
    const { token } = await tokens.issue(GRANT)
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'A' ? 'B' : 'A'
      await rejects(tokens, token.slice(0, at) + other + token.slice(at + 1))
    }
  })

  it('accepts what it forges itself, so that the refusals below have their own reasons', async () => {
    expect(await make(profile()).verify(await forge(CLAIMS))).toEqual(CLAIMS)
  })

  it.each(Object.keys(CLAIMS))(
    'refuses a token without "%s", or with a wrong type',
    async claim => {
      const tokens = make(profile())
      const { [claim as 'jti']: _, ...rest } = CLAIMS
      await rejects(tokens, await forge(rest))
      for (const wrong of [null, true, -1, 1.5, '', [], {}, ['gateway', 'other']]) {
        if (claim === 'roles' && Array.isArray(wrong)) continue
        const code = claim === 'exp' && typeof wrong === 'number' ? 'token_expired' : undefined
        await rejects(tokens, await forge({ ...CLAIMS, [claim]: wrong }), code)
      }
    },
  )

  it.each([
    ['of another issuer', { iss: 'memory' }, {}],
    ['for somebody else', { aud: 'memory' }, {}],
    ['with an audience in a list', { aud: ['gateway'] }, {}],
    ['from the future', { iat: NOW + 600 }, {}],
    ['not valid yet', { nbf: NOW + 60 }, {}],
    ['with roles that are no text', { roles: [1] }, {}],
    ['of another type', {}, { typ: 'svc+jwt' }],
    ['of no type', {}, { typ: undefined }],
    ['of an ID token', {}, { typ: 'JWT' }],
    ['with an unknown kid', {}, { kid: 'other' }],
    ['without kid', {}, { kid: undefined }],
    ['with a jku', {}, { jku: 'https://evil.example/keys' }],
    ['with a jwk', {}, { jwk: { kty: 'oct', k: 'AA' } }],
    ['with an x5u', {}, { x5u: 'https://evil.example/cert' }],
  ])('refuses a token %s', async (_, claims, header) => {
    await rejects(make(profile()), await forge({ ...CLAIMS, ...claims }, header))
  })

  it('refuses critical extensions and unencoded payloads', async () => {
    const { token } = await make(profile()).issue(GRANT)
    const [head = '', payload, signature] = token.split('.')
    const header = JSON.parse(Buffer.from(head, 'base64url').toString())
    for (const extra of [{ crit: ['x'], x: 1 }, { crit: ['b64'], b64: false }, { b64: false }]) {
      const other = Buffer.from(JSON.stringify({ ...header, ...extra })).toString('base64url')
      await rejects(make(profile()), [other, payload, signature].join('.'))
    }
  })

  it('refuses members twice, whoever signed them', async () => {
    ring = await createKeyRing(profile(), PURPOSE)
    const { CompactSign } = await import('jose')
    const text = JSON.stringify(CLAIMS)
    const twice = `${text.slice(0, -1)},"sub":"u2"}`
    if (!ring.signing) throw new Error('no signing key')
    const header = { alg: ring.alg, typ: 'at+jwt', kid: ring.signing.kid }
    const sign = (payload: string, key: KeyRing['signing']): Promise<string> =>
      new CompactSign(new TextEncoder().encode(payload))
        .setProtectedHeader(header)
        .sign(key?.key ?? new Uint8Array(32))
    await make(profile()).verify(await sign(text, ring.signing))
    await rejects(make(profile()), await sign(twice, ring.signing))
    await rejects(make(profile()), await sign(text.replace('1800000600', '1e400'), ring.signing))
  })

  it('refuses what is no compact token at all', async () => {
    const tokens = make(profile())
    const { token } = await tokens.issue(GRANT)
    const json = JSON.stringify({ payload: token.split('.')[1], signatures: [] })
    for (const other of ['', '.', '..', 'a.b.c', json, `${token}.a.b`, 'null', '{}']) {
      await rejects(tokens, other)
    }
    await rejects(tokens, 'A'.repeat(100_000))
    await rejects(tokens, `${'A'.repeat(20_000)}.AAAA.AAAA`)
  })

  it('refuses tokens that are not signed, under every name of "none"', async () => {
    const none = new UnsecuredJWT(CLAIMS).encode()
    await rejects(make(profile()), none)
    for (const alg of ['none', 'None', 'nOnE', 'NONE', '']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt', kid: 'x' })).toString(
        'base64url',
      )
      await rejects(make(profile()), `${header}.${none.split('.')[1]}.`)
      await rejects(make(profile()), `${header}.${none.split('.')[1]}.AAAA`)
    }
  })
})

describe('keys', () => {
  it('of another secret prove nothing', async () => {
    const { token } = await make({ ...BASE, JWT_SECRET: `${SECRET}x` }).issue(GRANT)
    await rejects(make(BASE), token)
  })

  it('bound to another purpose prove nothing', async () => {
    const { signing } = await createKeyRing(BASE, 'aiwfe|at+jwt|memory')
    if (!signing) throw new Error('no signing key')
    const claims = { iss: 'auth', aud: 'gateway', ...GRANT, jti: 'j', iat: NOW, exp: NOW + 600 }
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: signing.kid })
      .sign(signing.key)
    await rejects(make(BASE), token)
  })

  it('that were rotated out still prove, and sign no longer', async () => {
    const { token } = await make(BASE).issue(GRANT)
    const rotated = { ...BASE, JWT_SECRET: `${SECRET}-next`, JWT_SECRET_PREVIOUS: SECRET }
    expect((await make(rotated).verify(token)).sub).toBe('u1')
    await rejects(make(BASE), (await make(rotated).issue(GRANT)).token)
  })

  it('that are public cannot sign, neither as a pair nor as a secret', async () => {
    const signer = make(profiles.EdDSA ?? BASE)
    const { token } = await signer.issue(GRANT)
    const published = await signer.publicKeys()
    expect(JSON.stringify(published)).not.toContain('"d"')
    const verifier = make({
      ...BASE,
      JWT_ALGORITHM: 'EdDSA',
      JWT_SECRET: '',
      JWT_PUBLIC_KEYS: JSON.stringify(published),
    })
    expect((await verifier.verify(token)).sub).toBe('u1')
    await expect(verifier.issue(GRANT)).rejects.toThrow('"JWT_PRIVATE_KEY" must be set')
    const [jwk] = published.keys
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const pem = `-----BEGIN PUBLIC KEY-----\n${jwk?.x}\n-----END PUBLIC KEY-----`
    for (const text of [jwk?.x ?? '', JSON.stringify(jwk), pem, `${pem}\n`, ` ${pem}`]) {
      const confused = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: jwk?.kid ?? '' })
        .sign(new TextEncoder().encode(text.padEnd(32)))
      await rejects(verifier, confused)
    }
  })

  it.each([
    ['missing', undefined],
    ['short', 'a1b2c3d4e5f6'],
    ['one character', 'a'.repeat(40)],
    ['a placeholder', 'please-change-me-to-something-long-1'],
  ])('are refused at start when the secret is %s', (_, value) => {
    const read = (): unknown => readConfig('auth', accessTokenSettings, { JWT_SECRET: value })
    expect(read).toThrow('"JWT_SECRET"')
    if (value) expect(read).not.toThrow(value)
  })
})

describe('proving again', () => {
  it('takes the answer from memory, but never beyond the end of the token', async () => {
    now = NOW
    const tokens = make({ ...BASE, JWT_EXPIRE_HOURS: 1 / 60 })
    const { token } = await tokens.issue(GRANT)
    const first = await tokens.verify(token)
    expect(await tokens.verify(token)).toBe(first)
    now = NOW + 61
    expect(await tokens.verify(token)).not.toBe(first)
    now = NOW + 91
    await rejects(tokens, token, 'token_expired')
    now = NOW
  })
})
