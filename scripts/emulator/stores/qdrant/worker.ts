/** The thread of the vector store: scans, the graph and the disk never hold up the emulator. */
import { parentPort, workerData } from 'node:worker_threads'
import { closeServer, listen } from '../listen.ts'
import { createQdrantServer } from './server.ts'
import { openStore, type Store } from './store.ts'

/** What the main thread asks for. */
export interface WorkerOptions {
  directory: string
  apiKey: string
  port: number
  indexThreshold: number
}

/** What the main thread is told. */
export type WorkerReport =
  | { port: number }
  | { failure: string }
  | { warning: string }
  | { error: string }
  | { closed: true }

let isOpen = true

async function start({ directory, apiKey, port, indexThreshold }: WorkerOptions): Promise<void> {
  const warn = (warning: string): void => report({ warning })
  const store = openStore({ directory, indexThreshold, warn })
  const server = createQdrantServer(store, {
    apiKey,
    onError: error =>
      report({ error: error instanceof Error ? String(error.stack) : String(error) }),
  })
  const bound = await listen(server, port)
  parentPort?.on('message', async () => {
    isOpen = false
    await closeServer(server)
    store.close()
    report({ closed: true })
    parentPort?.close()
  })
  report({ port: bound })
  warm(store)
}

/** Reads the collections into memory before they are asked for; a request that comes first is served first. */
function warm(store: Store, names: string[] = store.names()): void {
  const [name, ...rest] = names
  if (name === undefined) return
  setImmediate(() => {
    try {
      if (isOpen && store.has(name)) store.get(name)
    } catch (error) {
      report({ error: `collection "${name}" does not open: ${(error as Error).message}` })
    }
    warm(store, rest)
  })
}

const report = (fact: WorkerReport): void => parentPort?.postMessage(fact)

start(workerData as WorkerOptions).catch((error: unknown) => {
  report({ failure: error instanceof Error ? error.message : String(error) })
  parentPort?.close()
})
