/** The key of a session's refresh tokens: random, and encrypted where it is kept (AES-256-GCM). */

/** Makes, seals and opens session keys. */
export interface SessionKeys {
  create(sid: string): { key: Buffer; sealed: string }
  /** @throws Error when it was sealed with an unknown secret, for another session, or was changed */
  open(sid: string, sealed: string): Buffer
}

const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/** `secrets`: the first one seals, all of them open, so that a rotated secret logs nobody out. */
export function createSessionKeys(secrets: readonly string[]): SessionKeys {
  const wraps = new Map<string, Buffer>()

  function wrapKey(secret: string): Buffer {
    const known = wraps.get(secret)
    if (known) return known
    const { hkdfSync } = process.getBuiltinModule('node:crypto')
    const key = Buffer.from(hkdfSync('sha256', secret, '', 'aiwfe|session-key', KEY_BYTES))
    wraps.set(secret, key)
    return key
  }

  function create(sid: string): { key: Buffer; sealed: string } {
    const { randomBytes, createCipheriv } = process.getBuiltinModule('node:crypto')
    const key = randomBytes(KEY_BYTES)
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv('aes-256-gcm', wrapKey(secrets[0] ?? ''), iv)
    // Bound to its row: a sealed key copied to another session does not open there.
    cipher.setAAD(Buffer.from(sid))
    const body = Buffer.concat([cipher.update(key), cipher.final()])
    return { key, sealed: Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url') }
  }

  function open(sid: string, sealed: string): Buffer {
    const bytes = Buffer.from(sealed, 'base64url')
    let failure: unknown
    for (const secret of secrets) {
      try {
        return decrypt(bytes, wrapKey(secret), sid)
      } catch (error) {
        failure = error
      }
    }
    throw new Error('the key of the session cannot be opened', { cause: failure })
  }

  return { create, open }
}

function decrypt(bytes: Buffer, key: Buffer, sid: string): Buffer {
  const { createDecipheriv } = process.getBuiltinModule('node:crypto')
  const iv = bytes.subarray(0, IV_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(sid))
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  const body = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES))
  return Buffer.concat([body, decipher.final()])
}
