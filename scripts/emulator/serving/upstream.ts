/** Sends a request to a replica in the protocol that its port speaks, and tells of the answer in one shape. */
import type { Readable, Writable } from 'node:stream'
import type { Replica } from './replica.ts'
import { sendH2c } from './upstream-h2c.ts'
import { sendHttp1 } from './upstream-http1.ts'

/** The head of a request; `headers` are names and values in turn, `Host` among them. */
export interface RequestHead {
  readonly method: string
  readonly path: string
  readonly headers: string[]
  readonly hasBody: boolean
}

/** What a replica answers: the head at once, the body as it comes. */
export interface Answer {
  readonly statusCode?: number | undefined
  readonly statusMessage?: string | undefined
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
  /** Its `Connection` header, which lists more that end here. */
  readonly connection: string | undefined
  /** Undefined says that only the body's end tells how long it is. */
  readonly contentLength: string | undefined
  readonly body: Readable
  /** The head is all of it: nothing follows, not even an empty body. */
  readonly endsWithHead: boolean
  /** Whether the body came whole; known when it closed. */
  isComplete(): boolean
  /** Names and values in turn; known when the body ended. */
  rawTrailers(): readonly string[]
}

/** How a request failed before or while it was answered. */
export interface Failure {
  /** Nobody listened, so that nothing of the request has been taken. */
  readonly refused: boolean
  /** A kept connection was closed under it, so that it may be sent once more if it changes nothing. */
  readonly stale: boolean
  /** The head is nothing that can be sent. */
  readonly invalid: boolean
}

/** At most one of the first two is called, `onFailure` also after the answer began. */
export interface UpstreamEvents {
  onAnswer(answer: Answer): void
  onFailure(failure: Failure): void
  /** The body may be written now, and must be ended; only for a request that has one. */
  onWritable(body: RequestBody): void
  /** An answer before the answer; names and values in turn. */
  onInformation?(statusCode: number, rawHeaders: readonly string[]): void
}

/** Where the body of a request goes. */
export interface RequestBody {
  readonly stream: Writable
  /** To be called before its end, if at all; names and values in turn. @throws Error when they cannot be sent */
  addTrailers(raw: readonly string[]): void
}

/** A request that was sent. */
export interface Upstream {
  destroy(): void
}

/** Sends the head. */
export function sendUpstream(
  replica: Replica,
  head: RequestHead,
  events: UpstreamEvents,
): Upstream {
  return replica.h2c ? sendH2c(replica.h2c, head, events) : sendHttp1(replica, head, events)
}
