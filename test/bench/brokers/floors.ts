/** The floors: HTTP that keeps nothing, and HTTP with one fsync for all that wait. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, untilOpen } from '../../fixtures/ports.ts'
import { startPublisher } from '../clients/client-process.ts'
import type { Target } from './target.ts'

const SERVERS = join(dirname(dirname(fileURLToPath(import.meta.url))), 'servers')

/** Durable ingest at its least: every ratio of the bench is against it. */
export const fsyncFloor: Target = floor(
  'node http, fsync per batch',
  'synced to disk',
  directory => [join(SERVERS, 'append.cjs'), join(directory, 'append')],
)

/** What HTTP alone costs. */
export const acceptFloor: Target = floor('node http, nothing kept', 'nothing kept', () => [
  join(SERVERS, 'accept.cjs'),
])

function floor(name: string, atAck: string, toArgs: (directory: string) => string[]): Target {
  return {
    name,
    kind: 'floor',
    async start({ children, directory }) {
      const port = await freePort()
      children.start(process.execPath, toArgs(directory), { env: { PORT: String(port) } })
      await untilOpen(port)
      const url = `http://127.0.0.1:${port}/`
      return { publisher: await startPublisher({ protocol: 'http', url }), atAck }
    },
  }
}
