/** RabbitMQ with publisher confirms and persistent messages: the classic durable queue and the quorum queue. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, untilOpen } from '../../fixtures/ports.ts'
import { findProgram } from '../children.ts'
import { startConsumer, startPublisher } from '../clients/client-process.ts'
import { AbsentError, type Target, type TargetContext } from './target.ts'

/** Confirms a message that was synced, or that the consumer has acknowledged before that. */
export const rabbitmq: Target = target('rabbitmq', 'classic', 'synced to disk, or consumed')

/** Its log is synced before a message is confirmed, as everywhere else here. */
export const rabbitmqQuorum: Target = target('rabbitmq quorum queue', 'quorum', 'synced to disk')

/** Debian's command changes the user first; below it stands the one that does not. */
const FOLDERS = ['/usr/lib/rabbitmq/bin']
const BOOT_LIMIT_MS = 60_000

function target(name: string, type: 'classic' | 'quorum', atAck: string): Target {
  return {
    name,
    kind: 'peer',
    async start(context) {
      const port = await startServer(context)
      const address = { protocol: 'amqp', port, queue: 'bench', type } as const
      const consumer = await startConsumer(address)
      return { publisher: await startPublisher(address), consumer, atAck }
    },
  }
}

async function startServer({ directory, children }: TargetContext): Promise<number> {
  const program = findProgram('rabbitmq-server', FOLDERS)
  const epmd = findProgram('epmd')
  if (program === undefined || epmd === undefined) {
    throw new AbsentError('there is no rabbitmq-server: apt install rabbitmq-server')
  }
  const [port, names, distribution] = [await freePort(), await freePort(), await freePort()]
  // Erlang's registry of names would be started as a daemon, which nobody would end.
  children.start(epmd, ['-address', '127.0.0.1', '-port', String(names)])
  await untilOpen(names)
  mkdirSync(join(directory, 'log'), { recursive: true })
  const server = children.start(program, [], {
    env: {
      HOME: directory,
      ERL_EPMD_PORT: String(names),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: `bench${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
      RABBITMQ_LOG_BASE: join(directory, 'log'),
      RABBITMQ_LOGS: '-',
      RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'plugins'),
      RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq'),
      RABBITMQ_CONF_ENV_FILE: join(directory, 'env.conf'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        '-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}',
    },
  })
  await untilOpen(port, performance.now(), BOOT_LIMIT_MS).catch(error => {
    throw new Error(`rabbitmq-server did not start: ${error}\n${server.output()}`)
  })
  return port
}
