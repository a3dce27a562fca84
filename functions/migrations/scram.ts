/** SCRAM-SHA-256 verifiers (RFC 5803, RFC 7677): a server is sent these, so no log of its statements has a password. */

/** PostgreSQL's own default; a random password gains nothing by more. */
const ITERATIONS = 4096
const SALT_BYTES = 16
const KEY_BYTES = 32

const VERIFIER = /^SCRAM-SHA-256\$(\d{1,7}):([\w+/=]+)\$[\w+/=]+:[\w+/=]+$/

/** What PostgreSQL keeps for `password`, with a salt of its own each time. */
export function createVerifier(password: string): string {
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  return derive(password, randomBytes(SALT_BYTES), ITERATIONS)
}

/** Whether `verifier` was made from `password`. */
export function verifies(verifier: string | null, password: string): boolean {
  const [, iterations, salt] = VERIFIER.exec(verifier ?? '') ?? []
  if (!iterations || !salt) return false
  return derive(password, Buffer.from(salt, 'base64'), Number(iterations)) === verifier
}

function derive(password: string, salt: Buffer, iterations: number): string {
  const { createHash, createHmac, pbkdf2Sync } = process.getBuiltinModule('node:crypto')
  const salted = pbkdf2Sync(password, salt, iterations, KEY_BYTES, 'sha256')
  const keyOf = (text: string): Buffer => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  const server = keyOf('Server Key').toString('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${server}`
}
