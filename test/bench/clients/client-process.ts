/** The parent's side of a client process. */
import { type ChildProcess, fork } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConsumeCommand, ConsumeResult } from './consumer.ts'
import type { Address } from './protocol.ts'
import type { PublishCommand, PublishResult } from './publisher.ts'

/** A client that waits for commands. */
export interface ClientProcess<Command, Result> {
  /** What it said when it was ready. */
  readonly ready: string
  /** One at a time. @throws Error with the client's own words */
  run(command: Command): Promise<Result>
  close(): Promise<void>
}

/** The process that publishes. */
export type PublisherProcess = ClientProcess<PublishCommand, PublishResult>

/** The process that receives. */
export type ConsumerProcess = ClientProcess<ConsumeCommand, ConsumeResult>

/** In flight at most, on either side of every broker. */
export const WINDOW = 64

const HERE = dirname(fileURLToPath(import.meta.url))
/** Far beyond any round; a broker that lost a message must not hang the bench. */
const LIMIT_MS = 120_000

/** Starts the load generator against a broker. */
export const startPublisher = (address: Address): Promise<PublisherProcess> =>
  startClient<PublishCommand, PublishResult>('publisher', address)

/** Starts the consumer of a broker. */
export const startConsumer = (address: Address): Promise<ConsumerProcess> =>
  startClient<ConsumeCommand, ConsumeResult>('consumer', address)

type Said = { ready?: string; result?: unknown; error?: string }

async function startClient<Command, Result>(
  role: string,
  address: Address,
): Promise<ClientProcess<Command, Result>> {
  const child = fork(join(HERE, `${role}.ts`), [JSON.stringify(address), String(WINDOW)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const name = `the ${role} of ${address.protocol}`
  const { ready = '' } = await next(child, name)
  return {
    ready,
    async run(command) {
      const answer = next(child, name)
      child.send(command as object)
      return (await answer).result as Result
    },
    async close() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

function next(child: ChildProcess, name: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new Error(`${name} did not answer in time`)), LIMIT_MS)
    const onExit = (code: number | null): void => settle(new Error(`${name} ended with ${code}`))
    const onMessage = (message: unknown): void => {
      const said = message as Said
      settle(said.error === undefined ? said : new Error(`${name}: ${said.error}`))
    }
    function settle(outcome: Said | Error): void {
      clearTimeout(timer)
      child.off('exit', onExit)
      child.off('message', onMessage)
      if (outcome instanceof Error) reject(outcome)
      else resolve(outcome)
    }
    child.once('exit', onExit)
    child.once('message', onMessage)
  })
}
