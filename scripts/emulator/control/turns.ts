/** One write after the other, so that what was checked still holds when it is done. */

/** The queue of writes. */
export interface Turns {
  /** Runs when all before it are done, whatever became of them. */
  inTurn<T>(task: () => Promise<T>): Promise<T>
  /**
   * The same for a task whose end may be long after its turn, and is waited for outside: what does not get to work
   * keeps nothing else from changing.
   */
  finished<T>(task: () => Promise<() => Promise<T>>): Promise<T>
}

/** Nothing waits yet. */
export function createTurns(): Turns {
  let queue: Promise<unknown> = Promise.resolve()

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = queue.then(task)
    queue = result.catch(() => {})
    return result
  }

  return { inTurn, finished: async task => (await inTurn(task))() }
}
