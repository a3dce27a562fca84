/** Numbers that a seed repeats: the same seed gives the same load and the same moments of death. */

/** A source of numbers. */
export interface Random {
  /** From `low` up to, but not with, `high`. */
  between(low: number, high: number): number
  /** Whether something of this probability happens. */
  chance(probability: number): boolean
  /** One of them; undefined when there is none. */
  pick<T>(items: readonly T[]): T | undefined
  /** An independent source, by name. */
  fork(name: string): Random
}

/** mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  return {
    between: (low, high) => low + next() * (high - low),
    chance: probability => next() < probability,
    pick: items => items[Math.floor(next() * items.length)],
    fork: name => createRandom([...name].reduce((sum, c) => sum * 31 + c.charCodeAt(0), seed) | 0),
  }
}
