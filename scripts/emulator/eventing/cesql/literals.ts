/** The values of literal tokens. */

import type { IToken } from 'chevrotain'
import { SyntaxMistake } from './syntax-mistake.ts'
import { isInteger } from './value.ts'

/** Only the enclosing kind of quote is unescaped; other backslashes and doubled quotes stay (sdk-go). */
export function toText({ image }: IToken): string {
  const quote = image.charAt(0)
  return image.slice(1, -1).replaceAll(`\\${quote}`, quote)
}

/** A decimal number, which must fit into 32 bits (CESQL 1.0, 2.2). */
export function toInteger({ image, startOffset }: IToken): number {
  const value = Number(image)
  if (isInteger(value)) return value | 0
  throw new SyntaxMistake(`integers must fit into 32 bits, got ${image.slice(0, 24)}`, startOffset)
}
