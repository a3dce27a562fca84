/** Functions that are code of the test itself: reached like any other, without a process. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Log } from './log.ts'
import type { HostHandler, NetworkRequest, NetworkResponse } from './network.ts'
import { createRouter, hostName } from './serving/router.ts'

/** Answers a request as a function would. */
export type Handler = (request: Request) => Response | Promise<Response>

/** The functions that are code. */
export interface InProcess {
  readonly handler: HostHandler
  owns(host: string): boolean
  /** Whether the function is code. */
  serves(place: { readonly namespace: string; readonly name: string }): boolean
  send(request: NetworkRequest): Promise<NetworkResponse | undefined>
  inFlight(): number
  /** How many calls of each handler have not ended, by `<namespace>/<name>`. */
  running(): ReadonlyMap<string, number>
}

/** A function by its name and namespace. */
export interface InProcessFunction {
  readonly namespace: string
  readonly name: string
  readonly handle: Handler
}

/** Routes by the host names that a Service of that name has. They do not scale and have no timeouts. */
export function createInProcess(
  functions: readonly InProcessFunction[],
  { domain, log }: { domain: string; log: Log },
): InProcess {
  const routable = functions.map(each => ({ ...each, tags: [] }))
  const router = createRouter(routable, domain)
  const running = new Map<string, number>()

  async function call(
    { namespace, name, handle }: InProcessFunction,
    request: Request,
  ): Promise<Response> {
    const key = `${namespace}/${name}`
    running.set(key, (running.get(key) ?? 0) + 1)
    try {
      const answer: Response | undefined = await handle(request)
      // Not by its class: a library may have a Response of its own.
      if (typeof answer?.arrayBuffer === 'function') return answer
      throw new TypeError(`the handler must return a Response, got ${typeof answer}`)
    } catch (error) {
      log.error(name, `threw: ${error instanceof Error ? error.stack : String(error)}`)
      return new Response('the handler threw', { status: 500 })
    } finally {
      running.set(key, (running.get(key) ?? 0) - 1)
    }
  }

  async function serve(
    target: InProcessFunction,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const answer = await call(target, toRequest(request))
    response.writeHead(answer.status, [...answer.headers].flat())
    if (answer.body) await pipeline(Readable.fromWeb(answer.body as never), response)
    else response.end()
  }

  return {
    handler(host, request, response) {
      const target = router.find(host)?.target
      if (!target) return false
      serve(target, request, response).catch(() => response.destroy())
      return true
    },
    owns: host => router.find(host) !== undefined,
    serves: ({ namespace, name }) =>
      functions.some(each => each.namespace === namespace && each.name === name),
    async send({ url, method, headers, body, signal }) {
      const target = router.find(hostName(new URL(url).host))?.target
      if (!target) return undefined
      const init = { method, headers, ...(body && hasBody(method) && { body: Buffer.from(body) }) }
      const answered = call(target, new Request(url, { ...init, ...(signal && { signal }) }))
      const answer = await withSignal(answered, signal)
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: new Uint8Array(await answer.arrayBuffer()),
      }
    },
    inFlight: () => running.values().reduce((sum, count) => sum + count, 0),
    running: () => running,
  }
}

const hasBody = (method: string): boolean => method !== 'GET' && method !== 'HEAD'

function toRequest(request: IncomingMessage): Request {
  const { method = 'GET', headers, url = '/' } = request
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  )
  const body = hasBody(method)
    ? { body: Readable.toWeb(request) as ReadableStream, duplex: 'half' as const }
    : {}
  return new Request(new URL(url, `http://${headers.host}`), { method, headers: entries, ...body })
}

/** A handler that does not look at the signal is left alone when its time is over. */
function withSignal<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return answer
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  return Promise.race([answer, promise]).finally(() => signal.removeEventListener('abort', abort))
}
