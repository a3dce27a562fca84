/** Ends a request to the model server that hangs: before the first token, or between two. */
import { AppError } from '../../shared/errors.ts'

/** Watches one request. */
export interface Watchdog {
  /** Aborted by the client, by the deadline, by silence, and by {@link Watchdog.close}. */
  readonly signal: AbortSignal
  /** Something came: the idle time begins anew. */
  touch(): void
  /**
   * Ends the watch, and the request with it unless its answer is `complete`: then the connection has a moment to end in
   * order, so that the next request can use it.
   */
  close(complete: boolean): void
}

const END_MS = 1_000

/** Begins the watch. Times are milliseconds. */
export function createWatchdog(
  parent: AbortSignal,
  { firstMs, idleMs }: { firstMs: number; idleMs: number },
): Watchdog {
  const controller = new AbortController()
  const late = (what: string, ms: number) => () =>
    controller.abort(
      new AppError('upstream_timeout', `the model ${what} within ${ms} ms`, {
        details: { timeout_ms: ms },
      }),
    )
  let timer = setTimeout(late('did not begin to answer', firstMs), firstMs)
  const follow = (): void => controller.abort(parent.reason)
  if (parent.aborted) follow()
  else parent.addEventListener('abort', follow, { once: true })

  return {
    signal: controller.signal,
    touch() {
      clearTimeout(timer)
      timer = setTimeout(late('wrote nothing more', idleMs), idleMs)
    },
    close(complete) {
      clearTimeout(timer)
      parent.removeEventListener('abort', follow)
      if (complete) setTimeout(() => controller.abort(), END_MS).unref()
      else controller.abort()
    },
  }
}
