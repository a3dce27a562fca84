/** The identity of a text: equal however it is spaced, cased or punctuated. */
import { normalise } from './words.ts'

/** SHA-256 of the normalised text, in hex. */
export function hashOf(text: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update(normalise(text)).digest('hex')
}
