/** Evaluates JSONata in a thread of its own, with a bound on time and memory. Nothing is loaded until it is used. */
import { Worker } from 'node:worker_threads'
import type { JsonataRequest, JsonataResult } from './jsonata-worker.ts'

/** The evaluator. */
export interface Jsonata {
  /**
   * The result as JSON; undefined when the expression has none.
   * @throws Error that says what is wrong with the expression or its evaluation
   */
  evaluate(expression: string, input: unknown): Promise<string | undefined>
  /** What is wrong with the text of an expression, if anything. */
  check(expression: string): Promise<string | undefined>
  close(): Promise<void>
}

/** The id of the message that says that the thread is ready; its loading is on nobody's time. */
const LOADED = 0
/** Real time of one evaluation; the cluster's has no bound, and stands still for ever. */
export const EVALUATION_LIMIT_MS = 5_000
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32, stackSizeMb: 8 }

interface Pending {
  readonly request: JsonataRequest
  resolve(output: string | undefined): void
  reject(error: Error): void
}

/** One thread, one evaluation at a time: the next waits for the one before or its limit. */
export function createJsonata({
  limitMs = EVALUATION_LIMIT_MS,
}: {
  limitMs?: number
} = {}): Jsonata {
  let worker: Worker | undefined
  let current: Pending | undefined
  let timer: NodeJS.Timeout | undefined
  let loaded = false
  let closed = false
  let nextId = 0
  const queue: Pending[] = []

  function ask(expression: string, input?: string): Promise<string | undefined> {
    if (closed) return Promise.reject(new Error('the emulator is stopping'))
    nextId += 1
    const request = { id: nextId, expression, ...(input !== undefined && { input }) }
    return new Promise((resolve, reject) => {
      queue.push({ request, resolve, reject })
      next()
    })
  }

  function next(): void {
    if (current || closed || queue.length === 0) return
    worker ??= launch()
    if (!loaded) return
    current = queue.shift()
    if (!current) return
    timer = setTimeout(() => {
      lose(new Error(`the expression took longer than ${limitMs} ms`))
    }, limitMs)
    worker.postMessage(current.request)
  }

  function launch(): Worker {
    loaded = false
    const started = new Worker(new URL('./jsonata-worker.ts', import.meta.url), {
      resourceLimits: LIMITS,
      stdout: true,
      stderr: true,
    })
    started.unref()
    started.on('message', (result: JsonataResult) => {
      if (started !== worker) return
      if (result.id === LOADED) loaded = true
      else if (current?.request.id === result.id) finish(current, result)
      next()
    })
    started.on('error', error => {
      if (started === worker) lose(new Error(`the expression ended its thread: ${error.message}`))
    })
    return started
  }

  function finish(pending: Pending, result: JsonataResult): void {
    settle()
    if ('error' in result) pending.reject(new Error(result.error))
    else pending.resolve(result.output)
  }

  function settle(): void {
    clearTimeout(timer)
    current = undefined
  }

  /** The thread is of no use any more; the evaluation that made it so is the one that fails. */
  function lose(error: Error): void {
    const lost = worker
    worker = undefined
    void lost?.terminate()
    const pending = current ?? queue.shift()
    settle()
    pending?.reject(error)
    next()
  }

  return {
    evaluate: (expression, input) => ask(expression, JSON.stringify(input)),
    check: expression =>
      ask(expression).then(
        () => undefined,
        (error: Error) => (closed ? undefined : error.message),
      ),
    async close() {
      closed = true
      const ending = new Error('the emulator is stopping')
      for (const pending of queue.splice(0)) pending.reject(ending)
      current?.reject(ending)
      settle()
      await worker?.terminate()
      worker = undefined
    },
  }
}
