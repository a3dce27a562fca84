/** How a protocol is spoken by the two clients of the broker bench, and where each broker is. */
import type { Message } from './message.ts'

/** A broker's address in its own protocol. */
export type Address =
  | { readonly protocol: 'http'; readonly url: string }
  | {
      readonly protocol: 'nats'
      readonly port: number
      readonly stream: string
      readonly subject: string
      readonly durable: string
    }
  | {
      readonly protocol: 'amqp'
      readonly port: number
      readonly queue: string
      readonly type: 'classic' | 'quorum'
    }
  | {
      readonly protocol: 'redis'
      readonly port: number
      readonly stream: string
      readonly group: string
    }

/** The address in one protocol. */
export type AddressOf<Name extends Address['protocol']> = Extract<Address, { protocol: Name }>

/** Sends messages. */
export interface Publisher {
  /** Resolves when the broker has taken the message for good. */
  publish(message: Omit<Message, 'sentMs'>): Promise<void>
  close(): Promise<void>
}

/** Takes messages, acknowledging each. */
export interface Consumer {
  /** Where the broker must send to, when it is the one that connects. */
  readonly url?: string
  close(): Promise<void>
}

/** What each protocol's file offers; both sides keep at most `window` messages in flight. */
export interface Protocol<Name extends Address['protocol']> {
  connectPublisher(address: AddressOf<Name>, window: number): Promise<Publisher>
  /** `onBody` is told of each body before it is acknowledged. */
  connectConsumer(
    address: AddressOf<Name>,
    window: number,
    onBody: (body: string) => void,
  ): Promise<Consumer>
}
