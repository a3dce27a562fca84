/** Calls another function by its contract: typed input and output, identity, trace and deadline on every hop. */
import type { Operation } from './contract.ts'
import { AppError, fromEnvelope } from './errors.ts'
import type { Identity } from './identity.ts'
import type { Principal } from './principal.ts'
import { contextHeaders, currentContext, openContext, openSpan } from './trace.ts'
import { fetch as httpFetch } from './web/fetch.ts'
import type { Response } from './web/response.ts'

/** Bounds of one call. */
export interface CallOptions {
  signal?: AbortSignal
  /** Real milliseconds until the answer is there, of a stream until it begins; never beyond the request's own deadline. */
  timeoutMs?: number
  /** Whose rights the call uses; the current caller's unless said. */
  principal?: Principal
}

/** Calls an operation and parses its answer. */
export interface Call {
  /** @throws {@link AppError} the other function's own error, `upstream_timeout` or `dependency_unavailable` */
  <In, Out>(operation: Operation<In, Out>, input: In, options?: CallOptions): Promise<Out>
  /** The same for operations that stream: resolves when a successful answer has begun. */
  stream<In>(operation: Operation<In, unknown>, input: In, options?: CallOptions): Promise<Response>
}

/** Attempt limit of S3's service client: 10 s. */
const TIMEOUT_MS = 10_000
/** Twice the largest request: 256 embeddings are the largest answer, 5 MiB. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Makes the caller of the function `service`. `domain` completes a service's host name. */
export function createCall({
  service,
  version,
  domain,
  identity,
  clock,
  fetch = httpFetch,
}: {
  service: string
  version: string
  domain: string
  identity: Identity
  clock: { now(): number }
  /** How requests are sent; over the network unless said. */
  fetch?: typeof httpFetch
}): Call {
  /** Sends, and hands a successful answer to `read` within the same limits. */
  async function send<In, T>(
    operation: Operation<In, unknown>,
    input: In,
    { signal, timeoutMs = TIMEOUT_MS, principal }: CallOptions,
    read: (response: Response) => T | Promise<T>,
  ): Promise<T> {
    const context = currentContext() ?? openContext(() => undefined)
    const who = principal ??
      context.principal ?? { sub: service, kind: 'service', service, permissions: [] }
    const deadline = Math.min(context.deadline ?? Number.POSITIVE_INFINITY, clock.now() + timeoutMs)
    const left = deadline - clock.now()
    if (left <= 0) throw new AppError('upstream_timeout', 'no time is left for this request')
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), left)
    const { url, body } = toRequest(operation, input, domain)
    let answered = false
    try {
      const response = await fetch(url, {
        method: operation.method,
        headers: {
          accept: operation.stream ? 'text/event-stream, application/json' : 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          authorization: `Bearer ${await identity.mint(operation.service, who)}`,
          'x-service-name': service,
          'x-service-version': version,
          ...contextHeaders({ ...context, trace: openSpan(context.trace), deadline }),
        },
        ...(body !== undefined && { body }),
        signal: signal ? AbortSignal.any([signal, limit.signal]) : limit.signal,
      })
      answered = true
      if (!response.ok) throw await toError(response, operation.service)
      return await read(response)
    } catch (cause) {
      if (cause instanceof AppError) throw cause
      if (signal?.aborted) throw signal.reason
      if (limit.signal.aborted) {
        throw new AppError('upstream_timeout', `${operation.service} did not answer in time`, {
          cause,
        })
      }
      if (answered) {
        throw new AppError('upstream_error', `${operation.service} broke its answer off`, { cause })
      }
      throw new AppError('dependency_unavailable', `${operation.service} cannot be reached`, {
        cause,
      })
    } finally {
      clearTimeout(timer)
    }
  }

  async function call<In, Out>(
    operation: Operation<In, Out>,
    input: In,
    options: CallOptions = {},
  ): Promise<Out> {
    const text = await send(operation, input, options, readText)
    if (!operation.output) return undefined as Out
    const parsed = operation.output().safeParse(parseJson(text))
    if (parsed.success) return parsed.data
    throw new AppError('upstream_error', `${operation.service} answered in an unknown shape`, {
      cause: parsed.error,
    })
  }

  /** The limit ends with the head of the answer: a stream may well outlive the time that its beginning may take. */
  function stream<In>(
    operation: Operation<In, unknown>,
    input: In,
    options: CallOptions = {},
  ): Promise<Response> {
    return send(operation, input, options, response => response)
  }

  return Object.assign(call, { stream })
}

/** Splits the flat input into path, query and body, the way `route` puts it together again. */
export function toRequest<In>(
  operation: Operation<In, unknown>,
  input: In,
  domain: string,
): { url: string; body: string | undefined } {
  const rest: Record<string, unknown> = { ...(input as Record<string, unknown>) }
  const path = operation.path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = String(rest[name])
    delete rest[name]
    return encodeURIComponent(value)
  })
  const url = new URL(path, `http://${operation.service}.${domain}`)
  if (operation.method !== 'GET' && operation.method !== 'DELETE') {
    return { url: url.href, body: JSON.stringify(rest) }
  }
  for (const [name, value] of Object.entries(rest)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return { url: url.href, body: undefined }
}

async function toError(response: Response, service: string): Promise<AppError> {
  return fromEnvelope(response.status, parseJson(await readText(response)), service)
}

/** @throws {@link AppError} `upstream_error` beyond {@link MAX_ANSWER_BYTES} */
async function readText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > MAX_ANSWER_BYTES) {
      throw new AppError('upstream_error', `an answer has more than ${MAX_ANSWER_BYTES} bytes`)
    }
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** No operation answers `undefined`, so it fits no schema. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
