/** A queue between a task that goes on by itself and a reader that may leave. */

/** What is pushed comes out in order; `end` ends it after that. */
export interface Channel<T> extends AsyncIterable<T> {
  push(item: T): void
  end(): void
}

/** `onLeave` is called when the reader stops before the end; later pushes go nowhere. */
export function createChannel<T>(onLeave: () => void): Channel<T> {
  const items: T[] = []
  let ended = false
  let wake: () => void = () => {}

  const settle = (): void => {
    ended = true
    wake()
  }

  async function next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const item = items.shift()
      if (item !== undefined) return { done: false, value: item }
      if (ended) return { done: true, value: undefined }
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }

  return {
    push(item) {
      if (ended) return
      items.push(item)
      wake()
    },
    end: settle,
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        if (!ended) onLeave()
        items.length = 0
        settle()
        return { done: true, value: undefined }
      },
    }),
  }
}
