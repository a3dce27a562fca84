/**
 * Evaluates JSONata in a process of its own, with a bound on time and memory: a thread that runs out of memory takes
 * its process along. Nothing is loaded until it is used.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { tmpdir } from 'node:os'
import type { ProcessGuard } from '../../serving/guard.ts'
import type { JsonataRequest, JsonataResult } from './jsonata-process.ts'

/** The evaluator. */
export interface Jsonata {
  /**
   * The result as JSON; undefined when the expression has none. What `signal` takes back before its turn is not begun.
   * @throws Error that says what is wrong with the expression or its evaluation
   */
  evaluate(expression: string, input: unknown, signal?: AbortSignal): Promise<string | undefined>
  /** What is wrong with the text of an expression, if anything. */
  check(expression: string): Promise<string | undefined>
  close(): Promise<void>
}

/** The id of the message that says that the process is ready; its loading is on nobody's time. */
const LOADED = 0
/** Real time of one evaluation; the cluster's has no bound, and stands still for ever. */
export const EVALUATION_LIMIT_MS = 5_000
/** The stack in kilobytes, half of what a system gives by default. */
const LIMITS = ['--max-old-space-size=128', '--max-semi-space-size=16', '--stack-size=3900']

interface Pending {
  readonly request: JsonataRequest
  resolve(output: string | undefined): void
  reject(error: Error): void
}

/** One process, one evaluation at a time: the next waits for the one before or its limit. */
export function createJsonata({
  guard,
  limitMs = EVALUATION_LIMIT_MS,
}: {
  guard: Pick<ProcessGuard, 'environment' | 'add' | 'remove'>
  limitMs?: number
}): Jsonata {
  let child: ChildProcess | undefined
  let current: Pending | undefined
  let timer: NodeJS.Timeout | undefined
  let loaded = false
  let closed = false
  let nextId = 0
  const queue: Pending[] = []

  function ask(
    expression: string,
    input?: string,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    if (closed) return Promise.reject(new Error('the emulator is stopping'))
    nextId += 1
    const request = { id: nextId, expression, ...(input !== undefined && { input }) }
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const pending: Pending = { request, resolve, reject }
      signal?.addEventListener(
        'abort',
        () => {
          const at = queue.indexOf(pending)
          if (at >= 0) queue.splice(at, 1)
          reject(signal.reason)
        },
        { once: true },
      )
      queue.push(pending)
      next()
    })
  }

  function next(): void {
    if (current || closed || queue.length === 0) return
    child ??= launch()
    if (!loaded) return
    current = queue.shift()
    if (!current) return
    timer = setTimeout(() => {
      lose(new Error(`the expression took longer than ${limitMs} ms`))
    }, limitMs)
    // That it could not be sent is told by its end.
    child.send(current.request, () => {})
  }

  function launch(): ChildProcess {
    loaded = false
    const started = fork(new URL('./jsonata-process.ts', import.meta.url), {
      execArgv: LIMITS,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      cwd: tmpdir(),
      env: { ...guard.environment },
      detached: true,
    })
    const { pid } = started
    if (pid !== undefined) guard.add(pid)
    started.unref()
    started.channel?.unref()
    started.on('message', (result: JsonataResult) => {
      if (started !== child) return
      if (result.id === LOADED) loaded = true
      else if (current?.request.id === result.id) finish(current, result)
      next()
    })
    started.on('error', error => {
      if (started === child) lose(error)
    })
    started.once('exit', (code, signal) => {
      if (pid !== undefined) guard.remove(pid)
      if (started !== child) return
      const how = signal ?? `code ${code}`
      lose(
        new Error(`the expression ended its process (${how}): it takes too much memory or stack`),
      )
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

  /** The process is of no use any more; the evaluation that made it so is the one that fails. */
  function lose(error: Error): void {
    const lost = child
    child = undefined
    lost?.kill('SIGKILL')
    const pending = current ?? queue.shift()
    settle()
    pending?.reject(error)
    next()
  }

  return {
    evaluate: (expression, input, signal) => ask(expression, JSON.stringify(input), signal),
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
      const last = child
      child = undefined
      if (!last || last.exitCode !== null || last.signalCode !== null) return
      const gone = new Promise<void>(resolve => last.once('exit', () => resolve()))
      last.ref()
      last.kill('SIGKILL')
      await gone
    },
  }
}
