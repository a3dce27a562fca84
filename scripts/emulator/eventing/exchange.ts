/** One HTTP exchange of an eventing host: the whole request, then the whole answer. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Log } from '../log.ts'
import type { HostHandler } from '../network.ts'
import { MAX_EVENT_BYTES } from './event.ts'

/** A request whose body has been read. */
export interface Exchange {
  /** The cluster name of the host: `<service>.<namespace>`, without any suffix. */
  readonly host: string
  readonly method: string
  /** Path and query as they came. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
}

/** What is answered. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

/** Serves the hosts that `owns` says yes to; an error of `answer` is a 500 whose cause is in the log only. */
export function createExchange({
  scope,
  log,
  hosts,
  owns,
  answer,
}: {
  scope: string
  log: Log
  /** What all of its hosts look like, in any form: every request of the emulator is asked this first. */
  hosts: RegExp
  owns: (host: string) => boolean
  answer: (exchange: Exchange) => Promise<Answer>
}): HostHandler {
  async function serve(
    host: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => gone.abort(new Error('the client is gone')))
    const body = await readBody(request)
    if (body === undefined) return write(response, TOO_LARGE)
    const { method = '', url = '/', headers } = request
    write(response, await answer({ host, method, target: url, headers, body, signal: gone.signal }))
  }

  return (host, request, response) => {
    if (!hosts.test(host)) return false
    const name = toClusterName(host)
    if (!owns(name)) return false
    serve(name, request, response).catch((error: unknown) => {
      // A client that went away has asked for nothing any more.
      if (response.destroyed) return
      log.error(scope, `failed: ${error instanceof Error ? error.stack : String(error)}`)
      write(response, { status: 500 })
    })
    return true
  }
}

/** `name.namespace` of a host of the cluster in any of its forms. */
export function toClusterName(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/\.$/, '')
    .replace(/\.svc(\.cluster\.local)?$/, '')
}

const TOO_LARGE: Answer = {
  status: 413,
  headers: { connection: 'close', 'content-type': 'text/plain; charset=utf-8' },
  body: `an event must be at most ${MAX_EVENT_BYTES} bytes`,
}

function write(response: ServerResponse, { status, headers = {}, body = '' }: Answer): void {
  if (response.headersSent || response.destroyed) return
  const content = typeof body === 'string' ? Buffer.from(body) : body
  response.writeHead(status, { ...headers, 'content-length': content.length })
  response.end(content)
}

/** The body; undefined when it is too large. Rejects when the client went away. */
function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= MAX_EVENT_BYTES) chunks.push(chunk)
      else {
        chunks.length = 0
        request.removeAllListeners('data').resume()
        resolve(undefined)
      }
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('close', () => reject(new Error('the client is gone')))
    request.once('error', reject)
  })
}
