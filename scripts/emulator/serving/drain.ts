/** Waits for the requests of a replica that gets no new ones any more. */

/** What is looked at. */
export interface Draining {
  readonly phase: string
  readonly inFlight: number
  readonly switched: number
}

/** A wait that can be told to look again now. */
export interface IdleWait {
  readonly over: Promise<void>
  look(): void
}

/** Not all that matters is told: from time to time it is looked at. */
const LOOK_MS = 250

/** Over when nothing runs; when only switched connections are left, and after their time; or after all the time. */
export function awaitIdle(
  replica: Draining,
  { requestsMs, switchedMs }: { requestsMs: number; switchedMs: number },
): IdleWait {
  const begun = performance.now()
  let timer: NodeJS.Timeout | undefined
  let finish = (): void => {}
  const over = new Promise<void>(resolve => {
    finish = resolve
  })

  function look(): void {
    clearTimeout(timer)
    const isSwitched = replica.inFlight === replica.switched
    const limitMs = isSwitched ? Math.min(requestsMs, switchedMs) : requestsMs
    const restMs = begun + limitMs - performance.now()
    if (replica.inFlight === 0 || replica.phase === 'gone' || restMs <= 0) finish()
    else timer = setTimeout(look, Math.min(LOOK_MS, restMs))
  }

  look()
  return { over, look }
}
