/** Which models are loaded, until when, and how many requests each runs at once. */
import type { Model } from './models.ts'

/** A model in memory. */
export interface Loaded {
  model: Model
  contextLength: number
  /** Milliseconds since the epoch; infinite for "never". */
  expiresAt: number
}

/** Takes and gives back the right to run. */
export interface Scheduler {
  /** Waits for a free place of `model`, in order of arrival. Call what it resolves to when done. */
  acquire(
    model: Model,
    options: { keepAliveMs: number; contextLength: number; signal: AbortSignal },
  ): Promise<() => void>
  unload(model: Model): void
  /** What is loaded now, the longest to stay first. */
  loaded(): Loaded[]
}

/** Makes a scheduler that runs `parallel` requests of a model at once; the line behind them has no bound, as in Ollama. */
export function createScheduler({
  parallel,
  now,
}: {
  parallel: number
  now: () => number
}): Scheduler {
  const running = new Map<string, number>()
  const lines = new Map<string, (() => void)[]>()
  const memory = new Map<string, Loaded>()

  function release(name: string): void {
    const next = lines.get(name)?.shift()
    if (next) next()
    else running.set(name, (running.get(name) ?? 1) - 1)
  }

  return {
    async acquire(model, { keepAliveMs, contextLength, signal }) {
      const { name } = model
      if ((running.get(name) ?? 0) < parallel) running.set(name, (running.get(name) ?? 0) + 1)
      else await turn(lines, name, signal)
      const hold = (): void => {
        memory.set(name, { model, contextLength, expiresAt: now() + keepAliveMs })
      }
      hold()
      let done = false
      return () => {
        if (done) return
        done = true
        if (keepAliveMs === 0) memory.delete(name)
        else hold()
        release(name)
      }
    },
    unload: model => void memory.delete(model.name),
    loaded() {
      for (const [name, { expiresAt }] of memory) {
        if (expiresAt <= now() && (running.get(name) ?? 0) === 0) memory.delete(name)
      }
      return [...memory.values()].sort((a, b) => b.expiresAt - a.expiresAt)
    },
  }
}

function turn(
  lines: Map<string, (() => void)[]>,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const line = lines.get(name) ?? []
    lines.set(name, line)
    const take = (): void => {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    const leave = (): void => {
      const at = line.indexOf(take)
      if (at >= 0) line.splice(at, 1)
      reject(signal.reason)
    }
    line.push(take)
    signal.addEventListener('abort', leave, { once: true })
  })
}
