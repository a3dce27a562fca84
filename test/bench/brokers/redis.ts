/** Redis streams, with the append-only file synced before each answer. */

import { freePort, untilOpen } from '../../fixtures/ports.ts'
import { findProgram } from '../children.ts'
import { startConsumer, startPublisher } from '../clients/client-process.ts'
import { AbsentError, type Target } from './target.ts'

/** XADD into a stream, a consumer group out of it. */
export const redis: Target = {
  name: 'redis streams',
  kind: 'peer',
  async start({ directory, children }) {
    const program = findProgram('redis-server')
    if (program === undefined) {
      throw new AbsentError('there is no redis-server: apt install redis-server')
    }
    const port = await freePort()
    children.start(program, toArgs({ port, directory }))
    await untilOpen(port)
    const address = { protocol: 'redis', port, stream: 'bench', group: 'bench' } as const
    const consumer = await startConsumer(address)
    return { publisher: await startPublisher(address), consumer, atAck: 'synced to disk' }
  },
}

const toArgs = ({ port, directory }: { port: number; directory: string }): string[] => [
  ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
  ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
]
