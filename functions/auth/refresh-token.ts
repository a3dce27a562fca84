/** Refresh tokens: `v1.<session>.<counter>.<mac>`. No row per token: the current one can always be made again. */

/** What a token claims; believed only after `isRefreshToken`. */
export interface RefreshClaim {
  sid: string
  counter: number
}

const SHAPE =
  /^v1\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.(0|[1-9]\d{0,14})\.[\w-]{22}$/
const MAC_BYTES = 16

/** The token of a session at `counter`. */
export function toRefreshToken(key: Buffer, { sid, counter }: RefreshClaim): string {
  const { createHmac } = process.getBuiltinModule('node:crypto')
  const claim = `v1.${sid}.${counter}`
  const mac = createHmac('sha256', key).update(claim).digest()
  return `${claim}.${mac.toString('base64url', 0, MAC_BYTES)}`
}

/** Reads the claim; `undefined` when it cannot be a token of ours. */
export function parseRefreshToken(token: string): RefreshClaim | undefined {
  const [, sid, counter] = SHAPE.exec(token) ?? []
  return sid && counter ? { sid, counter: Number(counter) } : undefined
}

/** Whether `token` is exactly the one that the session's key makes; another spelling of its mac is not. */
export function isRefreshToken(key: Buffer, claim: RefreshClaim, token: string): boolean {
  const expected = Buffer.from(toRefreshToken(key, claim))
  const given = Buffer.from(token)
  const { timingSafeEqual } = process.getBuiltinModule('node:crypto')
  return expected.length === given.length && timingSafeEqual(expected, given)
}
