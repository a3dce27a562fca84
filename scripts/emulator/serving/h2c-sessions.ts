/** Kept HTTP/2 connections, by prior knowledge, to the one process of a replica whose port is named `h2c`. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2'

/** A stream was opened, on a connection that had been kept or on a new one. */
export type OnStream = (open: OpenStream, kept: boolean) => void

/** Begins a request; one that does not end with its head must send trailers, if none then empty ones. @throws Error when the headers are nothing that can be sent */
export type OpenStream = (headers: OutgoingHttpHeaders, endStream: boolean) => ClientHttp2Stream

/** Connections to one process. */
export interface H2cSessions {
  /** Calls one of the two, at once if it can: with a connection that takes one more stream, or why there is none. */
  use(take: OnStream, fail: (error: NodeJS.ErrnoException) => void): void
  /** Takes leave: running streams end, then their connections. */
  close(): void
  /** Breaks every connection. */
  destroy(): void
}

interface Waiting {
  readonly take: OnStream
  readonly fail: (error: NodeJS.ErrnoException) => void
}

/** None is made before the first use; one that got GOAWAY takes no more streams, and another is made. */
export function createH2cSessions(port: number): H2cSessions {
  /** With the number of their open streams. */
  const sessions = new Map<ClientHttp2Session, number>()
  let waiting: Waiting[] | undefined
  let left = false

  function use(take: OnStream, fail: Waiting['fail']): void {
    if (left) return void fail(new Error('the replica is gone'))
    for (const [session, streams] of sessions) {
      const limit = session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY
      if (streams < limit) return void take(opener(session), true)
    }
    if (waiting) return void waiting.push({ take, fail })
    waiting = [{ take, fail }]
    open()
  }

  function open(): void {
    const session = connect(`http://127.0.0.1:${port}`)
    const onConnect = (): void => {
      session.off('error', onRefused)
      if (left) return void session.destroy()
      sessions.set(session, 0)
      for (const { take } of takeWaiting()) take(opener(session), false)
    }
    const onRefused = (error: Error): void => {
      for (const { fail } of takeWaiting()) fail(error)
    }
    session.once('connect', onConnect)
    session.once('error', onRefused)
    // Streams tell of it themselves; without a listener it would end our process.
    session.on('error', () => {})
    session.once('goaway', () => sessions.delete(session))
    session.once('close', () => sessions.delete(session))
    session.on('stream', pushed => pushed.close())
  }

  function takeWaiting(): Waiting[] {
    const taken = waiting ?? []
    waiting = undefined
    return taken
  }

  function opener(session: ClientHttp2Session): OpenStream {
    return (headers, endStream) => {
      const stream = session.request(headers, { endStream, waitForTrailers: !endStream })
      count(session, 1)
      stream.once('close', () => count(session, -1))
      return stream
    }
  }

  function count(session: ClientHttp2Session, change: number): void {
    const streams = sessions.get(session)
    if (streams !== undefined) sessions.set(session, streams + change)
  }

  return {
    use,
    close() {
      left = true
      for (const session of sessions.keys()) session.close()
    },
    destroy() {
      left = true
      for (const session of sessions.keys()) session.destroy()
      sessions.clear()
    },
  }
}
