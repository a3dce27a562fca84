/** NATS JetStream with one file stream: by its own protocol, and behind the same HTTP front as ours. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { jetstreamManager, StorageType } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { freePort, untilOpen } from '../../fixtures/ports.ts'
import { findProgram } from '../children.ts'
import { startConsumer, startPublisher } from '../clients/client-process.ts'
import type { AddressOf } from '../clients/protocol.ts'
import { AbsentError, type Target, type TargetContext } from './target.ts'

const HTTP_FRONT = join(dirname(dirname(fileURLToPath(import.meta.url))), 'servers/nats-http.ts')
const STREAM = 'bench'

/** The peer as its own users meet it. */
export const nats: Target = {
  name: 'nats jetstream',
  kind: 'peer',
  async start(context) {
    const { address, atAck } = await startServer(context)
    const consumer = await startConsumer(address)
    return { publisher: await startPublisher(address), consumer, atAck }
  },
}

/** The peer doing our work: POST, publish with acknowledgement, 202. The budget is against this one. */
export const natsOverHttp: Target = {
  name: 'nats jetstream over http',
  kind: 'peer',
  async start(context) {
    const { address, atAck } = await startServer(context)
    const consumer = await startConsumer(address)
    const port = await freePort()
    const args = [HTTP_FRONT, String(address.port), address.subject]
    context.children.start(process.execPath, args, { env: { PORT: String(port) } })
    await untilOpen(port)
    const url = `http://127.0.0.1:${port}/`
    return { publisher: await startPublisher({ protocol: 'http', url }), consumer, atAck }
  },
}

async function startServer({
  directory,
  children,
}: TargetContext): Promise<{ address: AddressOf<'nats'>; atAck: string }> {
  const program = findProgram('nats-server')
  if (program === undefined)
    throw new AbsentError('there is no nats-server: apt install nats-server')
  const port = await freePort()
  const store = join(directory, 'store')
  const hasSync = writeConfig(program, directory, { port, store, sync: true })
  if (!hasSync) writeConfig(program, directory, { port, store, sync: false })
  children.start(program, ['-c', join(directory, 'nats.conf')])
  await untilOpen(port)
  const address = {
    protocol: 'nats',
    port,
    stream: STREAM,
    subject: `${STREAM}.events`,
    durable: 'bench',
  } as const
  await createStream(port)
  if (hasSync) return { address, atAck: 'synced to disk' }
  return { address, atAck: syncByFileSystem(join(store, 'jetstream')) }
}

/** Whether the server takes it: `sync_interval` came with 2.10, Debian 12 has 2.9. */
function writeConfig(
  program: string,
  directory: string,
  { port, store, sync }: { port: number; store: string; sync: boolean },
): boolean {
  const file = join(directory, 'nats.conf')
  mkdirSync(store, { recursive: true })
  const line = sync ? 'sync_interval: always' : ''
  writeFileSync(
    file,
    `host: 127.0.0.1\nport: ${port}\njetstream {\n  store_dir: ${JSON.stringify(store)}\n  ${line}\n}\n`,
  )
  return spawnSync(program, ['-c', file, '-t'], { stdio: 'ignore' }).status === 0
}

async function createStream(port: number): Promise<void> {
  const connection = await connect({ servers: `127.0.0.1:${port}` })
  try {
    const manager = await jetstreamManager(connection)
    await manager.streams.add({
      name: STREAM,
      subjects: [`${STREAM}.*`],
      storage: StorageType.File,
    })
  } finally {
    await connection.close()
  }
}

/**
 * Makes every write of the stream's message files a synchronous one, as `sync_interval: always` does; ext4 and xfs obey
 * the attribute also for open files.
 */
function syncByFileSystem(store: string): string {
  const messages = join(store, '$G', 'streams', STREAM, 'msgs')
  const { status } = spawnSync('chattr', ['-R', '+S', messages], { stdio: 'ignore' })
  return status === 0
    ? 'synced to disk (chattr +S: this version has no sync_interval)'
    : 'in the page cache (this version has no sync_interval)'
}
