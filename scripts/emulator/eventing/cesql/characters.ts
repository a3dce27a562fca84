/** Strings by characters, which are Unicode code points here, not UTF-16 code units. */

/** How many characters a string has. */
export function length(text: string): number {
  if (!SURROGATE.test(text)) return text.length
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** From character `start` up to, not including, `end`. */
export function slice(text: string, start: number, end: number = Number.POSITIVE_INFINITY): string {
  if (!SURROGATE.test(text)) return text.slice(start, end)
  return Array.from(text).slice(start, end).join('')
}

/** The code points of a string. */
export function codePoints(text: string): Uint32Array {
  const points = new Uint32Array(text.length)
  let count = 0
  for (let index = 0; index < text.length; count += 1) {
    const point = text.codePointAt(index) ?? 0
    points[count] = point
    index += point > 0xffff ? 2 : 1
  }
  return points.subarray(0, count)
}

/** Without Unicode's white space at both ends, which is not what `String.prototype.trim` takes away. */
export function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && WHITE_SPACE.test(text.charAt(start))) start += 1
  while (end > start && WHITE_SPACE.test(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

const SURROGATE = /[\ud800-\udbff]/
const WHITE_SPACE = /\p{White_Space}/u
