/** Texts that every store can hold: PostgreSQL takes no NUL, and UTF-8 has no lone surrogates. */
import * as z from 'zod/mini'

/** A text of `min` to `max` characters; other texts could not be stored. */
export const plainText = (min = 0, max: number = Number.POSITIVE_INFINITY): z.ZodMiniString =>
  z
    .string()
    .check(
      ...(min > 0 ? [z.minLength(min)] : []),
      ...(max < Number.POSITIVE_INFINITY ? [z.maxLength(max)] : []),
      z.refine(isPlain, { error: 'must hold neither NUL characters nor lone surrogates' }),
    )

/** Whether every store can hold `text`. */
export const isPlain = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/** Makes what another program writes piece by piece storable; a pair that is cut between two pieces stays whole. */
export function createPlainPieces(): (piece: string) => string {
  let half = ''
  return piece => {
    const text = half + piece
    half = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? ''
    return text
      .slice(0, text.length - half.length)
      .toWellFormed()
      .replaceAll('\0', '')
  }
}
