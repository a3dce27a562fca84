/** The three timeouts of a revision around one request (serving pkg/http/handler/timeout.go), in real time. */
import type { RevisionTemplate } from '../manifests/types.ts'

/** Timers of one request. */
export interface Timeouts {
  /** Whether `wrote` must be told of each write. */
  readonly watchesWrites: boolean
  /** The request went to a replica. */
  sent(): void
  /** The answer began. */
  started(): void
  /** A piece of the answer was written. */
  wrote(): void
  clear(): void
}

/** Starts the total timeout at once; `onTimeout` is called at most once. */
export function createTimeouts(
  template: Pick<
    RevisionTemplate,
    'timeoutSeconds' | 'responseStartTimeoutSeconds' | 'idleTimeoutSeconds'
  >,
  onTimeout: () => void,
): Timeouts {
  const { responseStartTimeoutSeconds, idleTimeoutSeconds } = template
  const total = setTimeout(expire, template.timeoutSeconds * 1_000)
  let start: NodeJS.Timeout | undefined
  let idle: NodeJS.Timeout | undefined

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
    watchesWrites: idleTimeoutSeconds !== undefined,
    sent: () => {
      if (responseStartTimeoutSeconds)
        start ??= setTimeout(expire, responseStartTimeoutSeconds * 1_000)
      if (idleTimeoutSeconds) idle ??= setTimeout(expire, idleTimeoutSeconds * 1_000)
    },
    started: () => {
      clearTimeout(start)
      idle?.refresh()
    },
    wrote: () => void idle?.refresh(),
    clear,
  }
}
