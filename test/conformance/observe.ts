/** How a rule looks: every look is counted, for a rule that saw nothing has shown nothing. */
import { isDeepStrictEqual } from 'node:util'

/** What a rule was to find and did not. */
export class RuleBroken extends Error {
  override readonly name = 'RuleBroken'
}

/** The looks of one trial. */
export interface Observe {
  /** @throws RuleBroken unless both are the same in depth */
  equal(actual: unknown, expected: unknown, what: string): void
  /** @throws RuleBroken unless `condition` holds */
  ok(condition: boolean, what: string): void
  /** @throws RuleBroken unless the text holds the pattern */
  match(text: unknown, pattern: RegExp, what: string): void
  /** @throws RuleBroken unless the promise is rejected with a matching message */
  refused(attempt: Promise<unknown>, pattern: RegExp, what: string): Promise<void>
  /** Tries again until there is something. @throws RuleBroken when the time is over */
  until<T>(
    what: string | (() => string),
    attempt: () => Promise<T | false | undefined>,
    limitMs?: number,
  ): Promise<T>
  /** How many looks there were. */
  count(): number
}

const LIMIT_MS = 15_000
const PAUSE_MS = 15

/** Counts from zero; `patience` stretches the limits of `until`. */
export function createObserve(patience: number = 1): Observe {
  let looks = 0

  function ok(condition: boolean, what: string): void {
    looks += 1
    if (!condition) throw new RuleBroken(what)
  }

  return {
    ok,
    equal: (actual, expected, what) =>
      ok(
        isDeepStrictEqual(actual, expected),
        `${what} must be ${toText(expected)}, got ${toText(actual)}`,
      ),
    match: (text, pattern, what) =>
      ok(pattern.test(String(text)), `${what} must match ${pattern}, got ${toText(text)}`),
    async refused(attempt, pattern, what) {
      const outcome = await attempt.then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      ok(outcome !== undefined, `${what} must be refused, got accepted`)
      ok(
        pattern.test(outcome ?? ''),
        `${what} must be refused with ${pattern}, got ${toText(outcome)}`,
      )
    },
    async until(what, attempt, limitMs = LIMIT_MS) {
      const end = performance.now() + limitMs * patience
      for (;;) {
        const found = await attempt()
        looks += 1
        if (found !== false && found !== undefined) return found
        if (performance.now() > end) {
          throw new RuleBroken(`never happened: ${typeof what === 'string' ? what : what()}`)
        }
        await new Promise(resolve => setTimeout(resolve, PAUSE_MS * patience))
      }
    },
    count: () => looks,
  }
}

const toText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)).slice(0, 600)
