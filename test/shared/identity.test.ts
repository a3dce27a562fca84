import { generateKeyPairSync, sign } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { createIdentity, type Identity } from '../../shared/identity.ts'
import type { Principal } from '../../shared/principal.ts'

const keys = Object.fromEntries(
  ['gateway', 'memory', 'chat'].map(name => [name, generateKeyPairSync('ed25519')]),
)
const publicKeys = JSON.stringify({
  keys: Object.entries(keys).map(([kid, { publicKey }]) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid,
  })),
})
const ada: Principal = {
  sub: 'ada',
  kind: 'user',
  service: 'gateway',
  permissions: ['api:read'],
  sid: 's1',
}

function identityOf(service: string, clock = { now: Date.now }): Identity {
  const privateKey = JSON.stringify(keys[service]?.privateKey.export({ format: 'jwk' }))
  return createIdentity({ service, privateKey, publicKeys, clock })
}

describe('hop tokens', () => {
  test('say who asks, through which function', async () => {
    const token = await identityOf('gateway').mint('memory', ada)
    expect(await identityOf('memory').verify(token)).toEqual(ada)
  })

  test('name the function that made the call, whoever began it', async () => {
    const token = await identityOf('chat').mint('memory', ada)
    expect((await identityOf('memory').verify(token)).service).toBe('chat')
  })

  test('are refused by any other function', async () => {
    const token = await identityOf('gateway').mint('memory', ada)
    await expect(identityOf('chat').verify(token)).rejects.toMatchObject({ code: 'token_invalid' })
  })

  test('end after a minute, with half a minute for unequal clocks', async () => {
    let now = 1_700_000_000_000
    const clock = { now: () => now }
    const memory = identityOf('memory', clock)
    const token = await identityOf('gateway', clock).mint('memory', ada)
    now += 89_000
    expect((await memory.verify(token)).sub).toBe('ada')
    now += 2_000
    await expect(memory.verify(token)).rejects.toMatchObject({ code: 'token_expired' })
  })

  test('are reused while they have time left', async () => {
    let now = 1_700_000_000_000
    const gateway = identityOf('gateway', { now: () => now })
    const token = await gateway.mint('memory', ada)
    expect(await gateway.mint('memory', ada)).toBe(token)
    now += 46_000
    expect(await gateway.mint('memory', ada)).not.toBe(token)
  })

  test('cannot be made by one function in the name of another', async () => {
    const forged = await forge('memory', { issuer: 'gateway', kid: 'gateway' }, 'chat')
    await expect(identityOf('memory').verify(forged)).rejects.toMatchObject({
      code: 'token_invalid',
    })
    const disguised = await forge('memory', { issuer: 'gateway', kid: 'chat' }, 'chat')
    await expect(identityOf('memory').verify(disguised)).rejects.toMatchObject({
      code: 'token_invalid',
    })
  })

  test('are refused when cut anywhere, and in every other spelling', async () => {
    const memory = identityOf('memory')
    const token = await identityOf('gateway').mint('memory', ada)
    for (let length = 0; length < token.length; length += 7) {
      await expect(memory.verify(token.slice(0, length))).rejects.toMatchObject({ status: 401 })
    }
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const accepted: string[] = []
    for (const last of alphabet) {
      const spelt = token.slice(0, -1) + last
      await memory.verify(spelt).then(
        () => accepted.push(spelt),
        () => {},
      )
    }
    expect(accepted).toEqual([token])
  })

  test('are refused without any one of their claims, and with one of another type', async () => {
    const claims = goodClaims()
    const memory = identityOf('memory')
    expect((await memory.verify(signClaims(claims))).sub).toBe('ada')
    for (const name of Object.keys(claims)) {
      for (const value of [undefined, null, 1.5, -1, {}, ['memory']]) {
        if (name === 'perm' && Array.isArray(value)) continue
        const token = signClaims({ ...claims, [name]: value })
        await expect(memory.verify(token), `${name}: ${value}`).rejects.toMatchObject({
          status: 401,
        })
      }
    }
  })

  test.each([
    { typ: 'at+jwt' },
    { typ: undefined },
    { kid: '__proto__' },
    { kid: 7 },
    { crit: ['x'], x: 1 },
  ])('with the header %j are refused', async header => {
    const token = signClaims(goodClaims(), header)
    await expect(identityOf('memory').verify(token)).rejects.toMatchObject({
      code: 'token_invalid',
    })
  })

  test.each(['none', 'HS256'])('of the algorithm %s are refused', async alg => {
    const [, payload] = (await identityOf('gateway').mint('memory', ada)).split('.')
    const header = Buffer.from(JSON.stringify({ alg, typ: 'svc+jwt', kid: 'gateway' })).toString(
      'base64url',
    )
    const token = `${header}.${payload}.${'A'.repeat(85)}A`
    await expect(identityOf('memory').verify(token)).rejects.toMatchObject({
      code: 'token_invalid',
    })
  })
})

async function forge(
  audience: string,
  { issuer, kid }: { issuer: string; kid: string },
  signer: string,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const key = keys[signer]?.privateKey
  if (!key) throw new Error(`no key for ${signer}`)
  return new SignJWT({ kind: 'user', perm: ['*'] })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'svc+jwt', kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('mallory')
    .setIssuedAt(now)
    .setExpirationTime(now + 60)
    .sign(key)
}

/** Signs any claims with the gateway's real key, as no honest function would. */
/** The claims of a token of the gateway for `memory`, in which nothing is wrong. */
function goodClaims(): Record<string, unknown> {
  const iat = Math.floor(Date.now() / 1000)
  return { iss: 'gateway', aud: 'memory', sub: 'ada', iat, exp: iat + 60, kind: 'user', perm: [] }
}

function signClaims(claims: object, header: object = {}): string {
  const key = keys.gateway?.privateKey
  if (!key) throw new Error('no key')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encode({ alg: 'EdDSA', typ: 'svc+jwt', kid: 'gateway', ...header })}.${encode(claims)}`
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}
