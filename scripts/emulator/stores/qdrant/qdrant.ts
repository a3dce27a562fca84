/** The embedded vector store: the REST API of Qdrant for the unmodified client, kept on disk. */
import { Worker } from 'node:worker_threads'
import type { Log } from '../../log.ts'
import { type DirectoryLock, lockDirectory } from '../lock.ts'
import type { WorkerOptions, WorkerReport } from './worker.ts'

/** The running store. */
export interface EmbeddedQdrant {
  url: string
  port: number
  close(): Promise<void>
}

/**
 * Serves `directory`'s collections on 127.0.0.1. Every request but `/`, `/healthz`, `/livez` and `/readyz` needs
 * `apiKey`, as `api-key` header or bearer token. A write is on disk when it is answered, with or without `wait`.
 * A collection has one unnamed vector, or none. From `indexThreshold` vectors on it is searched through a graph.
 * @throws Error that names the folder when it is in use or does not open
 */
export async function startQdrant({
  directory,
  log,
  apiKey,
  port = 0,
  indexThreshold = 5_000,
}: {
  directory: string
  log: Log
  apiKey: string
  port?: number | undefined
  indexThreshold?: number | undefined
}): Promise<EmbeddedQdrant> {
  if (apiKey === '') throw new TypeError('"apiKey" must be a key, got an empty text')
  const lock = lockDirectory(directory)
  const options: WorkerOptions = { directory, apiKey, port, indexThreshold }
  let running: Running
  try {
    running = await launch(options, log)
  } catch (error) {
    lock.release()
    throw error
  }
  const { port: bound } = running
  let closing = false
  watch(running.worker)

  /** The disk is the truth, so a thread that failed (out of memory, say) is started again on its port. */
  function watch(current: Worker): void {
    const startedAt = performance.now()
    current.once('exit', async () => {
      if (closing) return
      if (performance.now() - startedAt < RESTART_MIN_UPTIME_MS) {
        return log.error('qdrant', 'the vector store stopped again at once; restart the emulator')
      }
      log.error('qdrant', 'the vector store stopped; starting it again')
      try {
        running = await launch({ ...options, port: bound }, log)
        watch(running.worker)
      } catch (error) {
        log.error('qdrant', 'the vector store did not start', { error: (error as Error).message })
      }
    })
  }

  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    async close() {
      if (closing) return
      closing = true
      await stop(running.worker, lock)
    },
  }
}

interface Running {
  worker: Worker
  port: number
}

const RESTART_MIN_UPTIME_MS = 5_000
const CLOSE_TIMEOUT_MS = 10_000

function launch(options: WorkerOptions, log: Log): Promise<Running> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: options,
    // Flags such as --eval or --watch are about the main script.
    execArgv: [],
  })
  return new Promise((resolve, reject) => {
    worker.on('error', error => {
      log.error('qdrant', 'the thread of the vector store failed', { error: error.message })
      reject(error)
    })
    worker.once('exit', () =>
      reject(new Error(`"${options.directory}" must open, got a vector store that stopped`)),
    )
    worker.on('message', (report: WorkerReport) => {
      if ('port' in report) resolve({ worker, port: report.port })
      else if ('failure' in report) reject(new Error(report.failure))
      else if ('warning' in report) log.warn('qdrant', report.warning)
      else if ('error' in report) log.error('qdrant', 'a request failed', { error: report.error })
    })
  })
}

/** Lets the store save its graph; what a thread that does not answer leaves behind is made again from the disk. */
async function stop(worker: Worker, lock: DirectoryLock): Promise<void> {
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
    worker.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    worker.postMessage('close')
  })
  await worker.terminate()
  lock.release()
}
