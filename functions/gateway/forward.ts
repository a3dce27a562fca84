/** The leg to the function: bodies flow both ways as they come, and either side's end ends the other. */
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import type { Permit } from '../../shared/breaker.ts'
import { AppError } from '../../shared/errors.ts'
import type { Logger } from '../../shared/log.ts'
import { toOutward } from './forwarded-headers.ts'
import type { Route } from './routing-table.ts'
import { OWN_HEADERS } from './security-headers.ts'

/** One request on its way. */
export interface Journey {
  route: Route
  /** Path and query, in their canonical form. */
  target: string
  /** In pairs, without `host`. */
  headers: string[]
  /** Sent instead of the client's own body. */
  body?: Buffer
  incoming: IncomingMessage
  outgoing: ServerResponse
  permit: Permit
  /** Headers that the gateway adds to the answer, in pairs. */
  answerHeaders: () => string[]
}

/** Sends a request on; resolves with the status when the answer has begun, and has then written its head. */
export type Forward = (journey: Journey) => Promise<number>

/** Nobody reads the answer: the client left (nginx's status of that name). */
const CLIENT_CLOSED = 499
/** Streams carry a heartbeat every 15 s; four of them missing is a dead stream. */
const STREAM_SILENCE_MS = 60_000
/** S3's client keeps 100 idle connections for 90 s. The number of busy ones is bounded by who calls. */
const POOL = { keepAlive: true, maxFreeSockets: 100, timeout: 90_000 }

/**
 * Makes the forwarder of one process; `domain` completes a function's name to its host. `proxy` is the forward proxy
 * that knows these names where no DNS does: asked in absolute form (RFC 9112 3.2.2), which costs nothing, while the
 * agent's own `proxyEnv` takes a tenth of a request's time.
 */
export function createForward({
  domain,
  proxy,
  log,
}: {
  domain: string
  proxy: string
  log: Logger
}): Forward {
  const agent = new Agent(POOL)
  const addresses = new Map<string, Address>()

  function addressOf(service: string): Address {
    const known = addresses.get(service)
    if (known) return known
    const origin = `http://${service}.${domain}`
    const { hostname, port } = new URL(proxy === '' ? origin : proxy)
    const address = {
      hostname,
      port: Number(port || 80),
      prefix: proxy === '' ? '' : origin,
      host: new URL(origin).host,
    }
    addresses.set(service, address)
    return address
  }

  return journey =>
    new Promise((resolve, reject) => {
      const address = addressOf(journey.route.service)
      travel(journey, { agent, address, log, resolve, reject })
    })
}

/** Where a function is reached, and what to say there. */
interface Address {
  hostname: string
  port: number
  /** Put before the path. */
  prefix: string
  host: string
}

interface Way {
  agent: Agent
  address: Address
  log: Logger
  resolve: (status: number) => void
  reject: (error: AppError) => void
}

function travel(journey: Journey, { agent, address, log, resolve, reject }: Way): void {
  const { route, target, headers, body, incoming, outgoing, permit } = journey
  const { service } = route
  const streamsBody = !body && takesBody(incoming.method)
  let upstream: ClientRequest
  let begun = false
  let settled = false

  /** Ends the way to the function once; the first reason counts. */
  function fail(error: AppError, report: () => void): void {
    if (settled) return
    settle()
    report()
    if (streamsBody) incoming.unpipe(upstream)
    upstream.destroy()
    if (begun) {
      log.warn(`the answer of ${service} was cut: ${error.message}`, { error: error.cause })
      outgoing.destroy()
    } else reject(error)
  }

  function settle(): void {
    settled = true
    clearTimeout(timer)
    outgoing.off('close', onLeave)
  }

  function onLeave(): void {
    if (settled || outgoing.writableFinished) return
    settle()
    permit.release()
    upstream.destroy()
    if (!begun) resolve(CLIENT_CLOSED)
  }

  function onAnswer(answer: IncomingMessage): void {
    if (settled) return void answer.resume()
    const status = answer.statusCode ?? 502
    judge(permit, status, answer)
    const foreign = status >= 400 && !isJson(answer)
    if (foreign) {
      answer.resume()
      fail(toForeignError(service, status), () => {})
      return
    }
    begun = true
    const { connection } = answer.headers
    const pairs = toOutward(answer.rawHeaders, connection, OWN_HEADERS)
    if (!answer.headers['cache-control']) pairs.push('cache-control', 'no-store')
    if (!answer.headers['x-service-name']) pairs.push('x-service-name', service)
    outgoing.writeHead(status, pairs.concat(journey.answerHeaders()))
    answer.on('error', cause => fail(cut(service, cause), () => {}))
    answer.on('close', () => {
      if (answer.complete) settle()
      else fail(cut(service), () => {})
    })
    if (route.stream) {
      clearTimeout(timer)
      upstream.setTimeout(STREAM_SILENCE_MS, () => fail(late(service), () => {}))
      outgoing.flushHeaders()
    }
    flow(answer, outgoing)
    resolve(status)
  }

  function onError(cause: NodeJS.ErrnoException): void {
    // The function closed an idle connection just when we used it. Repeating is only safe when nothing was sent twice.
    if (
      !settled &&
      !begun &&
      upstream.reusedSocket &&
      !streamsBody &&
      isIdempotent(incoming.method)
    ) {
      upstream = open()
      upstream.end(body)
      return
    }
    fail(begun ? cut(service, cause) : unreachable(service, cause), permit.fail)
  }

  function open(): ClientRequest {
    const opened = request({
      agent,
      host: address.hostname,
      port: address.port,
      method: incoming.method ?? 'GET',
      path: address.prefix + target,
      // Pairs go out as they are; an object would be checked and copied name by name.
      headers: ['host', address.host, ...headers],
    })
    opened.on('response', onAnswer)
    opened.on('error', onError)
    return opened
  }

  /** Who is late: the client that still owes us its body, or the function that has it (or does not take it). */
  function onLate(): void {
    const owed = streamsBody && !incoming.complete && !upstream.writableNeedDrain
    if (owed && !begun) fail(slow(), permit.release)
    else fail(late(service), permit.fail)
  }

  let timer = setTimeout(onLate, route.timeoutMs)
  outgoing.on('close', onLeave)
  upstream = open()
  if (!streamsBody) return void upstream.end(body)
  incoming.once('end', () => {
    if (settled || begun) return
    // The function's time begins when it has everything.
    clearTimeout(timer)
    timer = setTimeout(onLate, route.timeoutMs)
  })
  if (incoming.headers['content-length'] === undefined) {
    watchSize(incoming, route.maxBytes, () => fail(tooLarge(route.maxBytes), permit.release))
  }
  incoming.pipe(upstream)
}

/** `pipe` without its dozen listeners, which cost more than a small body. */
function flow(answer: IncomingMessage, outgoing: ServerResponse): void {
  answer.on('data', (chunk: Buffer) => {
    if (outgoing.write(chunk)) return
    answer.pause()
    outgoing.once('drain', () => answer.resume())
  })
  answer.on('end', () => outgoing.end())
}

/** A 503 that names a time to come back is the word of a living function: it says nothing against it. */
function judge(permit: Permit, status: number, answer: IncomingMessage): void {
  if (!BROKEN.has(status)) permit.succeed()
  else if (status === 503 && answer.headers['retry-after'] !== undefined) permit.release()
  else permit.fail()
}

const BROKEN = new Set([500, 502, 503, 504])

/** Counts a body that did not say how long it is. */
function watchSize(incoming: IncomingMessage, maxBytes: number, onExcess: () => void): void {
  let size = 0
  incoming.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maxBytes) onExcess()
  })
}

/** The error of a body that is larger than its route takes. */
export const tooLarge = (maxBytes: number): AppError =>
  new AppError('payload_too_large', `the body may have at most ${maxBytes} bytes`, {
    details: { max_bytes: maxBytes },
  })

/** Whether the contracts' functions read a body with this method. */
export const takesBody = (method: string | undefined): boolean =>
  method === 'POST' || method === 'PUT' || method === 'PATCH'

const isIdempotent = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD'

const isJson = ({ headers }: IncomingMessage): boolean =>
  /^application\/([\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '')

/** An error page of something between us and the function; its text is for nobody. */
function toForeignError(service: string, status: number): AppError {
  const details = { upstream: service }
  if (status === 504) return late(service)
  if (status === 503 || status === 404) {
    return new AppError('dependency_unavailable', `${service} cannot be reached`, { details })
  }
  return new AppError('upstream_error', `${service} answered ${status}`, { details })
}

const late = (service: string): AppError =>
  new AppError('upstream_timeout', `${service} did not answer in time`, {
    details: { upstream: service },
  })

const slow = (): AppError =>
  new AppError('request_timeout', 'the body of the request did not arrive in time')

const cut = (service: string, cause?: unknown): AppError =>
  new AppError('upstream_error', `${service} stopped in the middle of its answer`, {
    cause,
    details: { upstream: service },
  })

/** Refused or not found is known before anything was sent; any other end may have come after the work was done. */
function unreachable(service: string, cause: NodeJS.ErrnoException): AppError {
  const details = { upstream: service }
  return NO_CONNECTION.has(cause.code ?? '')
    ? new AppError('dependency_unavailable', `${service} cannot be reached`, { cause, details })
    : new AppError('upstream_error', `${service} ended the connection`, { cause, details })
}

const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
