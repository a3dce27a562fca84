/** Documents as data: what contains itself or is nested without end can be neither compared nor shown. */
import { StatusError } from './status-error.ts'

/** Far more than any kind has; `JSON.stringify` of some thousands overflows the stack. */
const MAX_DEPTH = 200

/**
 * A copy that nobody else can change.
 * @throws StatusError when it is nested too deeply, or contains itself
 */
export function toPlain<T>(document: T): T {
  assertDepth(document)
  return structuredClone(document)
}

/** @throws StatusError */
export function assertDepth(document: unknown): void {
  let level: unknown[] = [document]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) {
      throw new StatusError('BadRequest', `the document must have at most ${MAX_DEPTH} levels`)
    }
    level = level.flatMap(value =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    )
  }
}
