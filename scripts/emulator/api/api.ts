/** What screens, scripts and tests ask the emulator: `/_emulator/…` on its own address. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { Eventing } from '../eventing/eventing.ts'
import type { Log } from '../log.ts'
import type { HostHandler } from '../network.ts'
import { isOwnHost, isOwnOrigin } from '../own-host.ts'
import type { Serving } from '../serving/serving.ts'
import { createEnvironmentRoute, type EnvironmentOptions } from './environment.ts'
import { createEventRoutes } from './events.ts'
import { QueryError } from './query-error.ts'

/** What the API shows. */
export interface ApiOptions {
  clock: Clock
  log: Log
  serving: Serving
  eventing: Eventing
  /** Who asks for a function's environment, and where it is found; not served unless given. */
  environment?: EnvironmentOptions
}

type Route = (
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<unknown> | unknown

const PREFIX = '/_emulator/'
/** A month: each two seconds of it are a decision of the autoscaler. */
const MAX_ADVANCE_MS = 31 * 24 * 3_600_000
/** What a reader of facts may be behind before it is cut off. */
const MAX_BEHIND_BYTES = 1024 * 1024

/** Makes the handler of the API. */
export function createApi(options: ApiOptions): HostHandler {
  const { clock, log, serving, eventing, environment } = options
  const routes: Record<string, Route> = {
    'GET functions': () => ({ functions: serving.status() }),
    'GET eventing': () => eventing.status(),
    ...createEventRoutes(eventing),
    'GET clock': () => ({ now: clock.now() }),
    'POST clock/advance': async url => {
      await clock.advance(toMs(url.searchParams.get('ms')))
      return { now: clock.now() }
    },
    ...(environment && { 'GET environment': createEnvironmentRoute(environment) }),
    'GET facts': (_url, _request, response) => streamFacts(options, response),
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://emulator')
    const path = url.pathname.slice(PREFIX.length)
    const route = routes[`${request.method} ${path}`]
    if (!route) {
      const known = Object.keys(routes).join(', ')
      return send(response, 404, { error: `nothing at ${url.pathname}: there is ${known}` })
    }
    try {
      const result = await route(url, request, response)
      if (response.headersSent) return
      if (result === undefined) send(response, 404, { error: 'no such event' })
      else send(response, 200, result)
    } catch (error) {
      if (error instanceof QueryError) return send(response, 400, { error: error.message })
      log.error('api', `${request.method} ${url.pathname} failed: ${error}`)
      send(response, 500, { error: 'an unexpected error, see the log' })
    }
  }

  return (host, request, response) => {
    if (!request.url?.startsWith(PREFIX) || !isOwnHost(host)) return false
    // A page of another site must reach this neither by name (DNS rebinding) nor by script.
    if (!isOwnOrigin(request.headers.origin)) {
      send(response, 403, { error: 'requests of other sites are refused' })
    } else void answer(request, response)
    return true
  }
}

/** Everything that happens from now on, as server-sent events: `event` (broker facts), `scale` and `request`. */
function streamFacts({ serving, eventing }: ApiOptions, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const tell =
    (name: string) =>
    (fact: unknown): void => {
      if (response.writableLength > MAX_BEHIND_BYTES) response.destroy()
      else response.write(`event: ${name}\ndata: ${JSON.stringify(fact)}\n\n`)
    }
  const stops = [
    eventing.subscribe(tell('event')),
    serving.onScale(tell('scale')),
    serving.onRequest(tell('request')),
  ]
  response.flushHeaders()
  response.on('close', () => {
    for (const stop of stops) stop()
  })
}

function toMs(value: string | null): number {
  const ms = Number(value)
  if (value === null || value === '' || !(ms >= 0 && ms <= MAX_ADVANCE_MS)) {
    throw new QueryError(
      `"ms" must be milliseconds from 0 to ${MAX_ADVANCE_MS}, got ${JSON.stringify(value)}`,
    )
  }
  return ms
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(body))
}
