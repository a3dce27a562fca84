/** Turns an operation of a contract into a route: proves the caller, checks rights, parses input, checks output. */
import type { Context, Hono } from 'hono'
import { MAX_BODY_BYTES, type Operation, type Schema } from './contract.ts'
import { AppError } from './errors.ts'
import { type Issue, toProblems } from './issues.ts'
import { allows, type Principal } from './principal.ts'
import { currentContext } from './trace.ts'

/** What every route finds in Hono's context. */
export interface AppEnv {
  Variables: {
    /** The proven caller; absent on public paths. */
    principal: Principal | undefined
  }
}

/** The app that a function adds its routes to. */
export type App = Hono<AppEnv>

/** What a handler is given beside its parsed input. */
export interface RouteContext {
  principal: Principal
  /** Aborted when the client goes away. */
  signal: AbortSignal
  /** Hono's own context, for streams and headers. */
  c: Context<AppEnv>
}

/** Answers an operation; a `Response` is passed on as it is (streams). */
export type Handler<In, Out> = (input: In, context: RouteContext) => Promise<Out | Response>

const PUBLIC: Principal = { sub: 'anonymous', kind: 'service', service: '', permissions: [] }

/** Adds `operation` to `app`, answered by `handler`. */
export function route<In, Out>(
  app: App,
  operation: Operation<In, Out>,
  handler: Handler<In, Out>,
): void {
  app.on(operation.method, operation.path, async c => {
    const principal = authorize(operation, c.get('principal'))
    const input = await parseInput(operation, c)
    const answer = await handler(input, { principal, signal: c.req.raw.signal, c })
    if (isResponse(answer)) return answer
    const status = operation.status ?? 200
    if (!operation.output) return new Response(null, { status: operation.status ?? 204 })
    const checked = operation.output().safeParse(answer)
    if (!checked.success) {
      throw new AppError('internal', undefined, { cause: checked.error })
    }
    return c.json(checked.data as object, status as 200)
  })
}

/**
 * Who may call: the function must be among the operation's callers, and a user must hold its permission.
 * @throws {@link AppError} `unauthenticated` or `permission_denied`
 */
export function authorize<In, Out>(
  operation: Operation<In, Out>,
  principal: Principal | undefined,
): Principal {
  if (!principal) {
    if (operation.permission === 'public') return PUBLIC
    throw new AppError('unauthenticated', 'this call needs a service token')
  }
  if (!operation.callers.includes(principal.service)) {
    throw new AppError('permission_denied', `${principal.service} may not call ${operation.name}`)
  }
  if (
    principal.kind === 'user' &&
    operation.permission !== 'public' &&
    !allows(principal.permissions, operation.permission)
  ) {
    throw new AppError('permission_denied', `this needs the permission ${operation.permission}`, {
      details: { permission: operation.permission },
    })
  }
  return principal
}

async function parseInput<In, Out>(operation: Operation<In, Out>, c: Context<AppEnv>): Promise<In> {
  const hasBody = operation.method !== 'GET' && operation.method !== 'DELETE'
  const body = hasBody ? await readJson(c, operation.maxBytes ?? MAX_BODY_BYTES) : c.req.query()
  return parse(operation.input(), { ...body, ...c.req.param() })
}

/** Parses with a schema; @throws {@link AppError} `validation_failed` that lists every field at fault. */
export function parse<T>(schema: Schema<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const fields = result.error.issues.flatMap(issue => toProblems(issue as unknown as Issue))
  const first = fields[0]
  const message = first ? `"${first.field || 'body'}" ${first.message}` : undefined
  throw new AppError('validation_failed', message, { details: { fields } })
}

async function readJson(c: Context<AppEnv>, maxBytes: number): Promise<object> {
  const type = c.req.header('content-type') ?? 'application/json'
  if (!/^application\/([\w.+-]+\+)?json\b/i.test(type)) {
    throw new AppError(
      'unsupported_media_type',
      `"content-type" must be application/json, got ${type}`,
    )
  }
  const text = await readText(c, maxBytes)
  if (text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (cause) {
    throw new AppError('invalid_request', 'the body is not valid JSON', { cause })
  }
  throw new AppError('invalid_request', 'the body must be a JSON object')
}

/** Reads a body that may not be larger than `maxBytes`, whatever its headers claim. */
export async function readText(c: Context<AppEnv>, maxBytes: number): Promise<string> {
  const declared = Number(c.req.header('content-length') ?? 0)
  if (declared > maxBytes) throw tooLarge(maxBytes)
  if (c.req.header('content-length') !== undefined) return c.req.text()
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString('utf8')
}

const tooLarge = (maxBytes: number): AppError =>
  new AppError('payload_too_large', `the body may have at most ${maxBytes} bytes`, {
    details: { max_bytes: maxBytes },
  })

/** By shape: an answer passed on from another service is not of the class that this process calls `Response`. */
const isResponse = (value: unknown): value is Response =>
  typeof value === 'object' && value !== null && 'headers' in value && 'arrayBuffer' in value

/** The id of the request being handled. */
export const requestId = (): string => currentContext()?.requestId ?? ''
