/** Lets objects that look at each other come to rest. */

/** Looks again after each stir, once for all stirs of one moment. */
export interface Settling {
  /** Something may have changed. */
  stir(): void
  /** Tells that something did; returns what ends the telling. */
  onChange(listener: () => void): () => void
  close(): void
}

/** `refresh` looks at all of them again; `show` says how they stand, and is serialised to see whether that changed. */
export function createSettling({
  refresh,
  show,
}: {
  refresh: () => void
  show: () => unknown
}): Settling {
  const listeners = new Set<() => void>()
  let stirred = false
  let closed = false
  let shown = ''

  /** Looks again once things have settled, and again while that changes anything. */
  function stir(): void {
    if (stirred || closed) return
    stirred = true
    queueMicrotask(() => {
      stirred = false
      if (closed) return
      refresh()
      const now = JSON.stringify(show())
      if (now === shown) return
      shown = now
      for (const listener of listeners) listener()
      stir()
    })
  }

  return {
    stir,
    onChange(listener) {
      const entry = (): void => listener()
      listeners.add(entry)
      return () => listeners.delete(entry)
    },
    close() {
      closed = true
    },
  }
}
