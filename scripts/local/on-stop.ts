/** Ends a verb in order: on a signal, or when the process that started it is gone. */

/** Exit statuses as a shell tells them. */
const STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** A terminal and the parent each send the same signal; only a later one is a person's impatience. */
const PATIENCE_MS = 1_000

/** What asked for the end. */
export type StopSignal = keyof typeof STATUS

/**
 * Runs `task` once when the end is asked for, then exits with the signal's status. A parent that is gone counts as
 * SIGTERM. Who asks again later than {@link PATIENCE_MS} does not wait for the task.
 */
export function onStop(task: (signal: StopSignal) => Promise<unknown> | unknown): void {
  let since: number | undefined

  async function stop(signal: StopSignal): Promise<void> {
    if (since !== undefined) {
      if (performance.now() - since > PATIENCE_MS) process.exit(STATUS[signal])
      return
    }
    since = performance.now()
    try {
      await task(signal)
    } catch (error) {
      process.stderr.write(`while stopping: ${error instanceof Error ? error.message : error}\n`)
    }
    process.exit(STATUS[signal])
  }

  for (const signal of Object.keys(STATUS) as StopSignal[]) {
    process.on(signal, () => void stop(signal))
  }
  process.on('disconnect', () => void stop('SIGTERM'))
  // To listen for its end must not keep this process alive.
  process.channel?.unref()
  // The parent may have gone before anybody listened.
  if (process.send && !process.connected) void stop('SIGTERM')
}
