/** One queue per trigger, each with its own bound of parallel work, so that a slow trigger delays no other. */

/** Work waiting for its turn, by lane. */
export interface Lanes {
  push(lane: string, task: () => Promise<void>): void
  /** Tasks running now. */
  running(lane?: string): number
  /** Forgets what has not begun and resolves when what has begun is over. */
  close(): Promise<void>
}

interface Lane {
  queue: (() => Promise<void>)[]
  head: number
  running: number
}

/** `limit` tasks of a lane run at once; tasks must not reject. */
export function createLanes({ limit }: { limit: number }): Lanes {
  const lanes = new Map<string, Lane>()
  let total = 0
  let closed = false
  let idle: () => void = () => {}

  function push(name: string, task: () => Promise<void>): void {
    if (closed) return
    let lane = lanes.get(name)
    if (!lane) {
      lane = { queue: [], head: 0, running: 0 }
      lanes.set(name, lane)
    }
    lane.queue.push(task)
    pump(lane)
  }

  function pump(lane: Lane): void {
    while (lane.running < limit && lane.head < lane.queue.length && !closed) {
      const task = lane.queue[lane.head]
      lane.head += 1
      if (task) run(lane, task)
    }
    if (lane.head < lane.queue.length / 2) return
    lane.queue = lane.queue.slice(lane.head)
    lane.head = 0
  }

  function run(lane: Lane, task: () => Promise<void>): void {
    lane.running += 1
    total += 1
    void task().finally(() => {
      lane.running -= 1
      total -= 1
      if (closed && total === 0) idle()
      pump(lane)
    })
  }

  return {
    push,
    running: name => (name === undefined ? total : (lanes.get(name)?.running ?? 0)),
    close() {
      closed = true
      return total === 0
        ? Promise.resolve()
        : new Promise(resolve => {
            idle = resolve
          })
    },
  }
}
