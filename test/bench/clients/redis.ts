/** Redis streams: XADD, and a consumer group that acknowledges what it read. */
import { createClient } from '@redis/client'
import { nowMs, toAttributes, toBody } from './message.ts'
import type { AddressOf, Consumer, Publisher } from './protocol.ts'

const BLOCK_MS = 200

const open = (port: number) => createClient({ url: `redis://127.0.0.1:${port}` }).connect()

/** One connection, whose commands are pipelined. */
export async function connectPublisher({ port, stream }: AddressOf<'redis'>): Promise<Publisher> {
  const client = await open(port)
  return {
    async publish(message) {
      const body = toBody({ ...message, sentMs: nowMs() })
      await client.xAdd(stream, '*', { ...toAttributes(message), body })
    },
    close: () => client.close(),
  }
}

/** Reads up to `window` entries at a time and acknowledges them together. */
export async function connectConsumer(
  { port, stream, group }: AddressOf<'redis'>,
  window: number,
  onBody: (body: string) => void,
): Promise<Consumer> {
  const client = await open(port)
  await client.xGroupCreate(stream, group, '0', { MKSTREAM: true })
  let closing = false

  async function read(): Promise<void> {
    while (!closing) {
      const streams = await client.xReadGroup(
        group,
        'bench',
        { key: stream, id: '>' },
        { COUNT: window, BLOCK: BLOCK_MS },
      )
      for (const { messages } of toList(streams)) {
        for (const { message } of messages) onBody(message.body ?? '')
        await client.xAck(
          stream,
          group,
          messages.map(({ id }) => id),
        )
      }
    }
  }

  const reading = read()
  return {
    async close() {
      closing = true
      await reading
      await client.close()
    },
  }
}

interface Batch {
  messages: { id: string; message: Record<string, string> }[]
}

/** Nothing is null; the client types the rest loosely. */
const toList = (streams: unknown): Batch[] => (Array.isArray(streams) ? (streams as Batch[]) : [])
