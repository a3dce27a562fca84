/**
 * `LIKE` patterns: `%` is any run of characters, `_` is one, `\%` and `\_` are themselves.
 *
 * What stands between two `%` is searched with the bit-parallel Shift-And algorithm, from where the
 * last one ended. So no pattern makes it go back: a text of n characters costs n times the words of
 * 32 bits that the longest such part needs, and nothing is recursive.
 */

import { codePoints } from './characters.ts'

/** Whether a text, as a whole, fits the pattern. */
export type Matcher = (text: string) => boolean

/** The longest part between two `%`, in characters; it bounds the work for each character of a text. */
export const MAX_PART_LENGTH: number = 4_096

/** A matcher for the pattern, or undefined when one of its parts is too long. */
export function createMatcher(pattern: string): Matcher | undefined {
  const parts = toParts(codePoints(pattern))
  const first = parts[0] ?? []
  const last = parts.at(-1) ?? []
  if (parts.length === 1)
    return text => {
      const points = codePoints(text)
      return points.length === first.length && fits(first, points, 0)
    }
  const between = parts.slice(1, -1).filter(part => part.length > 0)
  if (between.some(part => part.length > MAX_PART_LENGTH)) return undefined
  const searches = between.map(createSearch)
  return text => {
    const points = codePoints(text)
    const tail = points.length - last.length
    if (tail < first.length || !fits(first, points, 0) || !fits(last, points, tail)) return false
    let position = first.length
    for (const search of searches) {
      position = search(points, position, tail)
      if (position < 0) return false
    }
    return true
  }
}

/** The end of the first place at or after `from`, and before `to`, where a part fits; -1 for none. */
type Search = (points: Uint32Array, from: number, to: number) => number

/** A code point, or `ONE` for any character. */
type Part = readonly number[]

const ONE = -1
const PERCENT = 0x25
const UNDERSCORE = 0x5f
const BACKSLASH = 0x5c
const WORD_BITS = 32

function toParts(pattern: Uint32Array): Part[] {
  let part: number[] = []
  const parts: Part[] = [part]
  for (let index = 0; index < pattern.length; index += 1) {
    const point = pattern[index] ?? 0
    const next = pattern[index + 1]
    if (point === BACKSLASH && (next === PERCENT || next === UNDERSCORE)) {
      part.push(next)
      index += 1
    } else if (point === PERCENT) {
      part = []
      parts.push(part)
    } else part.push(point === UNDERSCORE ? ONE : point)
  }
  return parts
}

function fits(part: Part, points: Uint32Array, at: number): boolean {
  return part.every((point, index) => point === ONE || point === points[at + index])
}

function createSearch(part: Part): Search {
  const words = Math.ceil(part.length / WORD_BITS)
  const masks = toMasks(part, words)
  const other = toMask(part, ONE, words)
  const lastWord = words - 1
  const lastBit = 1 << ((part.length - 1) % WORD_BITS)
  return (points, from, to) => {
    // Bit i of the state: the last i + 1 characters fit the first i + 1 of the part.
    const state = new Uint32Array(words)
    for (let position = from; position < to; position += 1) {
      const mask = masks.get(points[position] ?? 0) ?? other
      let carry = 1
      for (let word = 0; word < words; word += 1) {
        const bits = state[word] ?? 0
        state[word] = ((bits << 1) | carry) & (mask[word] ?? 0)
        carry = bits >>> (WORD_BITS - 1)
      }
      if (((state[lastWord] ?? 0) & lastBit) !== 0) return position + 1
    }
    return -1
  }
}

function toMasks(part: Part, words: number): Map<number, Uint32Array> {
  const any = toMask(part, ONE, words)
  const masks = new Map<number, Uint32Array>()
  for (const [index, point] of part.entries()) {
    if (point === ONE) continue
    const mask = masks.get(point) ?? Uint32Array.from(any)
    setBit(mask, index)
    masks.set(point, mask)
  }
  return masks
}

function toMask(part: Part, wanted: number, words: number): Uint32Array {
  const mask = new Uint32Array(words)
  for (const [index, point] of part.entries()) if (point === wanted) setBit(mask, index)
  return mask
}

function setBit(mask: Uint32Array, index: number): void {
  const word = Math.floor(index / WORD_BITS)
  mask[word] = (mask[word] ?? 0) | (1 << (index % WORD_BITS))
}
