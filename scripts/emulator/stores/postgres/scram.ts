/** SCRAM-SHA-256 on the server's side (RFC 5802, RFC 7677), with the verifiers that PostgreSQL stores. */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

const ITERATIONS = 4096

/** One exchange: `first` answers the client's first message, `final` its proof. */
export interface ScramExchange {
  first(clientFirst: string): string
  /** The server's signature, or `undefined` when the proof is wrong. */
  final(clientFinal: string): string | undefined
}

interface Verifier {
  iterations: number
  salt: Buffer
  storedKey: Buffer
  serverKey: Buffer
}

/** What `pg_authid.rolpassword` holds for `password`. */
export function createVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256')
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64')
  const serverKey = hmac(salted, 'Server Key').toString('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}

/** Whether `verifier` was made from `password`. */
export function verifies(verifier: string | null, password: string): boolean {
  const parsed = parseVerifier(verifier)
  return parsed !== undefined && createVerifier(password, parsed.salt) === verifier
}

/** Starts an exchange; an absent verifier runs the same steps and always fails, so that a role's existence stays hidden. */
export function createScram(
  stored: string | null,
  nonce: string = randomBytes(18).toString('base64'),
): ScramExchange {
  const parsed = parseVerifier(stored)
  const verifier = parsed ?? mockVerifier()
  let transcript = ''
  let combined = ''
  let header = ''
  return {
    first(clientFirst) {
      const found = /^([yn],,)((?:n=[^,]*),r=([^,]+).*)$/.exec(clientFirst)
      if (!found)
        throw new RangeError('"client-first-message" must be in the form of RFC 5802, got another')
      header = found[1] ?? ''
      combined = `${found[3]}${nonce}`
      const answer = `r=${combined},s=${verifier.salt.toString('base64')},i=${verifier.iterations}`
      transcript = `${found[2]},${answer}`
      return answer
    },
    final(clientFinal) {
      const found = /^(c=([^,]+),r=([^,]+).*),p=([^,]+)$/.exec(clientFinal)
      if (!found || found[3] !== combined) return undefined
      if (found[2] !== Buffer.from(header).toString('base64')) return undefined
      const message = `${transcript},${found[1]}`
      const proof = Buffer.from(found[4] ?? '', 'base64')
      const signature = hmac(verifier.storedKey, message)
      if (proof.length !== signature.length) return undefined
      const clientKey = Buffer.from(proof.map((byte, at) => byte ^ (signature[at] ?? 0)))
      const matches = timingSafeEqual(
        createHash('sha256').update(clientKey).digest(),
        verifier.storedKey,
      )
      if (!matches || !parsed) return undefined
      return `v=${hmac(verifier.serverKey, message).toString('base64')}`
    },
  }
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

function parseVerifier(stored: string | null): Verifier | undefined {
  const found = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(stored ?? '')
  if (!found) return undefined
  const [, iterations, salt, storedKey, serverKey] = found
  return {
    iterations: Number(iterations),
    salt: Buffer.from(salt ?? '', 'base64'),
    storedKey: Buffer.from(storedKey ?? '', 'base64'),
    serverKey: Buffer.from(serverKey ?? '', 'base64'),
  }
}

const mockVerifier = (): Verifier => ({
  iterations: ITERATIONS,
  salt: randomBytes(16),
  storedKey: randomBytes(32),
  serverKey: randomBytes(32),
})
