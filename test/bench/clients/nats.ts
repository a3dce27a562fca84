/** NATS JetStream: publish with acknowledgement, a durable pull consumer with explicit acks. */
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, headers } from '@nats-io/transport-node'
import { nowMs, toAttributes, toBody } from './message.ts'
import type { AddressOf, Consumer, Publisher } from './protocol.ts'

/** One connection, as its clients share one. */
export async function connectPublisher({ port, subject }: AddressOf<'nats'>): Promise<Publisher> {
  const connection = await connect({ servers: `127.0.0.1:${port}` })
  const stream = jetstream(connection)
  return {
    async publish(message) {
      const attributes = headers()
      for (const [name, value] of Object.entries(toAttributes(message))) {
        attributes.set(name, value)
      }
      await stream.publish(subject, toBody({ ...message, sentMs: nowMs() }), {
        headers: attributes,
      })
    },
    close: () => connection.close(),
  }
}

/** Pulls up to `window` messages at once. */
export async function connectConsumer(
  { port, stream, durable }: AddressOf<'nats'>,
  window: number,
  onBody: (body: string) => void,
): Promise<Consumer> {
  const connection = await connect({ servers: `127.0.0.1:${port}` })
  const manager = await jetstreamManager(connection)
  await manager.consumers.add(stream, {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: window,
  })
  const consumer = await jetstream(connection).consumers.get(stream, durable)
  const messages = await consumer.consume({
    max_messages: window,
    callback(message) {
      onBody(message.string())
      message.ack()
    },
  })
  return {
    async close() {
      await messages.close()
      await connection.close()
    },
  }
}
