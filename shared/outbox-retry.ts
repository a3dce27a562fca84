/** Empties an outbox in the background: what a crash left there, and what the broker did not take at once. */
import { flushOutbox, type OutboxDeps } from './outbox.ts'

/** Runs until it is closed; an empty outbox costs nothing. */
export interface OutboxRetry {
  /** Looks now, e.g. when the process has started. */
  start(): void
  /** Looks again after a while; harmless when that is already planned. */
  later(): void
  /** Plans nothing any more and waits for what is being published. */
  close(): Promise<void>
}

const FIRST_DELAY_MS = 1_000
const LAST_DELAY_MS = 30_000

/** Makes the retry of `<schema>.outbox`; the delay doubles while events are left. */
export function createOutboxRetry(
  deps: () => OutboxDeps,
  schema: string,
  { firstDelayMs = FIRST_DELAY_MS }: { firstDelayMs?: number } = {},
): OutboxRetry {
  let delayMs = firstDelayMs
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let closed = false

  async function run(): Promise<void> {
    if (await flush()) {
      delayMs = firstDelayMs
      return
    }
    plan()
    delayMs = Math.min(delayMs * 2, LAST_DELAY_MS)
  }

  /** Whether the outbox is empty; rows that another instance has claimed are not published yet. */
  async function flush(): Promise<boolean> {
    const { sql, publish, log } = deps()
    try {
      while (!closed && (await flushOutbox({ sql, publish, log }, schema)) > 0);
      const left = await sql`select 1 from ${sql(`${schema}.outbox`)} limit 1`
      return left.length === 0
    } catch (error) {
      log.warn('events still wait in the outbox', { error })
      return false
    }
  }

  function start(): void {
    clearTimeout(timer)
    timer = undefined
    if (closed || running) return
    running = run().finally(() => {
      running = undefined
    })
  }

  function plan(): void {
    if (closed) return
    timer ??= setTimeout(start, delayMs).unref()
  }

  return {
    start,
    later: plan,
    async close() {
      closed = true
      clearTimeout(timer)
      await running
    },
  }
}
