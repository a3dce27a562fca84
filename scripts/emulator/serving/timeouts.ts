/** The three timeouts of a revision around one request (serving pkg/http/handler/timeout.go), in real time. */
import type { RevisionTemplate } from '../manifests/types.ts'

/** Timers of one request. */
export interface Timeouts {
  /** Whether `wrote` must be told of each write. */
  readonly watchesWrites: boolean
  /** The answer began. */
  started(): void
  /** A piece of the answer was written. */
  wrote(): void
  clear(): void
}

/** The text of a 504: the activator, when it is in the path, has the same times and began first. */
export function toTimeoutText(proxied: boolean): string {
  return proxied ? 'activator request timeout' : 'request timeout'
}

/**
 * Starts all at once, for the activator's are around the wait for a replica. `onTimeout` is called at most once. In
 * real time whatever the clock's scale is, because the function works in real time.
 */
export function createTimeouts(
  template: Pick<
    RevisionTemplate,
    'timeoutSeconds' | 'responseStartTimeoutSeconds' | 'idleTimeoutSeconds'
  >,
  onTimeout: () => void,
): Timeouts {
  const { responseStartTimeoutSeconds, idleTimeoutSeconds } = template
  const after = (seconds: number): NodeJS.Timeout => setTimeout(expire, seconds * 1_000)
  const total = after(template.timeoutSeconds)
  const start = responseStartTimeoutSeconds ? after(responseStartTimeoutSeconds) : undefined
  const idle = idleTimeoutSeconds ? after(idleTimeoutSeconds) : undefined

  function expire(): void {
    clear()
    onTimeout()
  }

  function clear(): void {
    clearTimeout(total)
    clearTimeout(start)
    clearTimeout(idle)
  }

  return {
    watchesWrites: idle !== undefined,
    started: () => {
      clearTimeout(start)
      idle?.refresh()
    },
    wrote: () => void idle?.refresh(),
    clear,
  }
}
