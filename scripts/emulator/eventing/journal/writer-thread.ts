/** Keeps the journal's writer running: a thread that died is started again, for the disk is the truth. */

import { Worker } from 'node:worker_threads'
import type { Log } from '../../log.ts'
import type { Answer, Request } from './schema.ts'

/** The writer as the journal uses it. */
export interface WriterThread {
  /** False while there is none to post to. */
  isUp(): boolean
  post(request: Request): void
  /** Gives the files back, after a restart that is under way. */
  close(): Promise<void>
}

/** What is run, and who is told. */
export interface WriterThreadOptions {
  readonly file: string
  readonly lockFile: string
  readonly log: Log
  readonly onAnswer: (answer: Answer) => void
  /** It is gone, and what was posted may or may not be on the disk. */
  readonly onLost: (error: Error) => void
  readonly onBack: () => void
  /** It does not start any more. */
  readonly onGivenUp: (error: Error) => void
}

/** In real time: 0.1 s, doubled at each try, 3 s in all. */
const BACK_OFF_MS = 100
const MAX_RESTARTS = 5
/** A thread that lived this long starts the count anew. */
const STABLE_MS = 5_000

/**
 * Starts the writer.
 * @throws Error when another process holds the journal or it cannot be read, saying what to do
 */
export async function startWriterThread(options: WriterThreadOptions): Promise<WriterThread> {
  const { file, log } = options
  let worker = await launch(options)
  let up = true
  let closing = false
  let restarts = 0
  let restarting = Promise.resolve()
  watch(worker)

  function watch(current: Worker): void {
    const startedAt = performance.now()
    let reason = 'its thread ended'
    current.on('message', options.onAnswer)
    current.on('error', error => {
      reason = describe(error)
    })
    current.once('exit', () => {
      up = false
      if (closing) return
      if (performance.now() - startedAt >= STABLE_MS) restarts = 0
      log.error('broker', `the writer of ${file} stopped (${reason}); starting it again`)
      options.onLost(new Error(`cannot write ${file}: ${reason}`))
      restarting = restart(reason)
    })
  }

  async function restart(first: string): Promise<void> {
    let reason = first
    while (restarts < MAX_RESTARTS) {
      await pause(BACK_OFF_MS * 2 ** restarts)
      restarts += 1
      try {
        worker = await launch(options)
      } catch (error) {
        reason = describe(error)
        continue
      }
      up = true
      watch(worker)
      return options.onBack()
    }
    const message = `the writer of ${file} does not start any more (${reason}): restart the emulator`
    log.error('broker', message)
    options.onGivenUp(new Error(message))
  }

  return {
    isUp: () => up,
    post: request => worker.postMessage(request),
    async close() {
      await restarting
      closing = true
      if (!up) return
      const gone = new Promise<void>(resolve => worker.once('exit', () => resolve()))
      worker.postMessage({ close: true } satisfies Request)
      await gone
    },
  }
}

/** Resolves once the database is open. */
function launch({ file, lockFile }: WriterThreadOptions): Promise<Worker> {
  const worker = new Worker(new URL('./writer.ts', import.meta.url), {
    workerData: { file, lockFile },
  })
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`the writer of ${file} stopped at its start`))
    worker.once('error', reject)
    worker.once('exit', onExit)
    worker.once('message', (answer: Answer) => {
      worker.off('error', reject)
      worker.off('exit', onExit)
      if ('refused' in answer) reject(new Error(answer.refused))
      else resolve(worker)
    })
  })
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const describe = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
