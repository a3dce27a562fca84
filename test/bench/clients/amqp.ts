/** RabbitMQ: persistent messages with publisher confirms, a consumer with manual acks and a prefetch. */
import { Connection } from 'rabbitmq-client'
import { nowMs, toAttributes, toBody } from './message.ts'
import type { AddressOf, Consumer, Publisher } from './protocol.ts'

const open = (port: number): Connection => new Connection(`amqp://guest:guest@127.0.0.1:${port}`)

const toQueue = ({ queue, type }: AddressOf<'amqp'>) => ({
  queue,
  durable: true,
  arguments: { 'x-queue-type': type },
})

/** Waits for the broker's confirmation of each message. */
export async function connectPublisher(address: AddressOf<'amqp'>): Promise<Publisher> {
  const connection = open(address.port)
  const publisher = connection.createPublisher({ confirm: true, queues: [toQueue(address)] })
  return {
    publish: message =>
      publisher.send(
        {
          routingKey: address.queue,
          durable: true,
          contentType: 'text/plain',
          headers: toAttributes(message),
        },
        toBody({ ...message, sentMs: nowMs() }),
      ),
    async close() {
      await publisher.close()
      await connection.close()
    },
  }
}

/** Takes up to `window` unacknowledged messages. */
export async function connectConsumer(
  address: AddressOf<'amqp'>,
  window: number,
  onBody: (body: string) => void,
): Promise<Consumer> {
  const connection = open(address.port)
  const consumer = connection.createConsumer(
    { queue: address.queue, queueOptions: toQueue(address), qos: { prefetchCount: window } },
    async message => onBody(String(message.body)),
  )
  const ready = Promise.withResolvers<void>()
  consumer.once('ready', ready.resolve)
  consumer.once('error', ready.reject)
  await ready.promise
  return {
    async close() {
      await consumer.close()
      await connection.close()
    },
  }
}
