/** Every protocol by its name; a client's library is loaded only where it is spoken. */
import type { Address, AddressOf, Consumer, Protocol, Publisher } from './protocol.ts'

const PROTOCOLS: { [Name in Address['protocol']]: () => Promise<Protocol<Name>> } = {
  http: () => import('./http.ts'),
  nats: () => import('./nats.ts'),
  amqp: () => import('./amqp.ts'),
  redis: () => import('./redis.ts'),
}

/** Connects as the one who sends. */
export async function openPublisher(address: Address, window: number): Promise<Publisher> {
  return (await load(address)).connectPublisher(address, window)
}

/** Connects as the one who receives. */
export async function openConsumer(
  address: Address,
  window: number,
  onBody: (body: string) => void,
): Promise<Consumer> {
  return (await load(address)).connectConsumer(address, window, onBody)
}

/** The table pairs each name with its protocol, which the compiler cannot follow through a union. */
function load<Name extends Address['protocol']>({
  protocol,
}: AddressOf<Name> & { protocol: Name }): Promise<Protocol<Address['protocol']>> {
  return PROTOCOLS[protocol]() as unknown as Promise<Protocol<Address['protocol']>>
}
