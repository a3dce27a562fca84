/** The thread that PGlite runs in: it blocks while a query runs, so it shares nothing with the ingress. */
import { createServer, type Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { listen } from '../listen.ts'
import { serveConnection } from './connection.ts'
import { DATABASE, openDatabase } from './database.ts'
import { createMultiplexer } from './multiplexer.ts'
import { createVerifier, verifies } from './scram.ts'
import { SUPERUSER } from './settings.ts'
import { literal } from './wire.ts'

/** What the main thread asks for. */
export interface WorkerOptions {
  directory: string
  password: string
  port: number
  idleInTransactionMs: number
}

/** What the main thread is told. */
export type WorkerReport = { port: number } | { failure: string } | { closed: true }

async function start({
  directory,
  password,
  port,
  idleInTransactionMs,
}: WorkerOptions): Promise<void> {
  const database = await openDatabase(directory)
  const multiplexer = createMultiplexer(database.execute, { idleInTransactionMs })
  const [row] = await multiplexer.query(
    `SELECT rolpassword FROM pg_authid WHERE rolname = ${literal(SUPERUSER)}`,
  )
  if (!verifies(row?.[0] ?? null, password)) {
    await multiplexer.query(`ALTER ROLE ${SUPERUSER} PASSWORD ${literal(createVerifier(password))}`)
  }
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serveConnection(socket, { multiplexer, database: DATABASE, greeting: database.greeting })
  })
  const bound = await listen(server, port)
  parentPort?.on('message', async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
    await multiplexer.close()
    await database.close()
    report({ closed: true })
    parentPort?.close()
  })
  report({ port: bound })
}

const report = (fact: WorkerReport): void => parentPort?.postMessage(fact)

start(workerData as WorkerOptions).catch((error: unknown) => {
  report({ failure: error instanceof Error ? error.message : String(error) })
  process.exit(1)
})
