/** The embedded PostgreSQL: PGlite in a thread, spoken to over the wire protocol, kept on disk. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Log } from '../../log.ts'
import { lockDirectory } from '../lock.ts'
import type { WorkerOptions, WorkerReport } from './worker.ts'

/** The running database. */
export interface EmbeddedPostgres {
  /** A connection string with the password in it. */
  url: string
  port: number
  close(): Promise<void>
}

/**
 * Starts the database of `directory`. It listens on 127.0.0.1 only and checks the password (SCRAM-SHA-256), for the
 * superuser `postgres` and for every role made with `CREATE ROLE … LOGIN PASSWORD`.
 * Transactions of all clients run one after the other; one that stays open and idle for `idleInTransactionMs` while
 * others wait is ended with code 25P03. LISTEN, COPY FROM STDIN and cancel requests are not served.
 * All share a superuser's session: a role has its rights and no others, but `set session authorization` takes any role,
 * and what `alter role … set` gave is not applied at its login.
 * @throws Error that names the folder when it is in use or does not open
 */
export async function startPostgres({
  directory,
  password,
  log,
  port = 0,
  idleInTransactionMs = 15_000,
}: {
  directory: string
  password: string
  log: Log
  port?: number
  idleInTransactionMs?: number
}): Promise<EmbeddedPostgres> {
  const lock = lockDirectory(directory)
  const options: WorkerOptions = { directory, password, port, idleInTransactionMs }
  let closing = false
  let worker: Worker
  let bound: number
  try {
    ;({ worker, port: bound } = await launch(options))
  } catch (error) {
    lock.release()
    throw error
  }
  watch(worker)

  /** A crash of the backend (out of memory, say) is PostgreSQL's crash: recover from the log and serve again. */
  function watch(current: Worker): void {
    const startedAt = performance.now()
    current.on('error', error =>
      log.error('postgres', 'the database thread failed', { error: error.message }),
    )
    current.once('exit', async () => {
      if (closing) return
      if (performance.now() - startedAt < RESTART_MIN_UPTIME_MS) {
        return log.error('postgres', 'the database stopped again at once; restart the emulator')
      }
      log.error('postgres', 'the database stopped; recovering')
      try {
        ;({ worker } = await launch({ ...options, port: bound }))
        watch(worker)
      } catch (error) {
        log.error('postgres', 'the database did not recover', { error: (error as Error).message })
      }
    })
  }

  return {
    url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${bound}/postgres`,
    port: bound,
    async close() {
      if (closing) return
      closing = true
      await stop(worker)
      lock.release()
    },
  }
}

const RESTART_MIN_UPTIME_MS = 5_000
const CLOSE_TIMEOUT_MS = 5_000

function launch(options: WorkerOptions): Promise<{ worker: Worker; port: number }> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: options,
    // Flags such as --eval or --watch are about the main script.
    execArgv: [],
  })
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', () =>
      reject(
        new Error(`"${join(options.directory, 'data')}" must open, got a database that stopped`),
      ),
    )
    worker.once('message', (report: WorkerReport) => {
      if ('failure' in report) return reject(new Error(report.failure))
      worker.removeAllListeners('exit')
      worker.removeAllListeners('error')
      if ('port' in report) resolve({ worker, port: report.port })
    })
  })
}

/** Lets the database write its checkpoint; a thread that does not answer is ended: the log recovers it. */
async function stop(worker: Worker): Promise<void> {
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
    worker.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    worker.postMessage('close')
  })
  await worker.terminate()
}
