/** Correlation ids: the event's id beside the same id encrypted, so that nobody else can make one. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'

/** A key as the controller makes one. */
export function createKey(): Buffer {
  return randomBytes(KEY_BYTES)
}

/** `<id>:<base64url of nonce, encrypted id and tag>` (`SetCorrelationId`). */
export function toCorrelationId(id: string, key: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce)
  const sealed = Buffer.concat([
    nonce,
    cipher.update(id, 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  // Go's URLEncoding pads, Node's does not.
  const text = sealed.toString('base64url')
  return `${id}:${text}${'='.repeat((4 - (text.length % 4)) % 4)}`
}

/** The event's id, when the key made the correlation id. */
export function fromCorrelationId(text: string, key: Buffer): string | undefined {
  const parts = text.split(':')
  // An id may have colons itself; the implementation refuses those, here the last colon decides.
  const id = parts.slice(0, -1).join(':')
  const sealed = Buffer.from(parts.at(-1) ?? '', 'base64url')
  if (parts.length < 2 || sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
  try {
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    const opened = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([opened, decipher.final()]).toString('utf8') === id ? id : undefined
  } catch {
    return undefined
  }
}
