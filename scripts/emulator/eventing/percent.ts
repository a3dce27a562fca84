/** Attribute values in HTTP headers: percent-encoding of CloudEvents HTTP binding 3.1.3.2. */

import { EventError } from './event.ts'

/** Encodes space, `"`, `%` and everything outside printable ASCII, as UTF-8. */
export function percentEncode(value: string): string {
  if (!NEEDS_ENCODING.test(value)) return value
  let encoded = ''
  for (const byte of Buffer.from(value, 'utf8')) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x25
    encoded += plain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/**
 * One round of decoding, after unescaping a double-quoted string (older senders). Raw bytes above ASCII are read as
 * UTF-8, which is what senders that skip the encoding mean; a `%` that starts no escape stays as it is.
 * @throws EventError when the result is not UTF-8
 */
export function percentDecode(name: string, header: string): string {
  const quoted = /^"(?:[^"\\]|\\.)*"$/.test(header)
  const value = quoted ? header.slice(1, -1).replace(/\\(.)/g, '$1') : header
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  if (/^[\x00-\x24\x26-\x7f]*$/.test(value)) return value
  const bytes = Buffer.from(
    value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  )
  try {
    return UTF8.decode(bytes)
  } catch {
    throw new EventError(`"${name}" must be percent-encoded UTF-8, got other bytes`)
  }
}

const NEEDS_ENCODING = /[^\x21\x23\x24\x26-\x7e]/
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
