/** The Upstash REST protocol over any Redis. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Redis } from './engine.ts'
import { isFailure, isStatus, type Reply } from './reply.ts'

const MAX_BODY_BYTES = 10 * 1024 * 1024

/** Makes the server: `POST /`, `/pipeline`, `/multi-exec` and commands in the path, for `Authorization: Bearer <token>`. */
export function createRestServer(redis: Redis, token: string): Server {
  return createServer((request, response) => {
    answer(request, response, redis, token).catch((error: unknown) => {
      const status = error instanceof BodyError ? error.status : 500
      send(response, status, {
        error: `ERR ${error instanceof Error ? error.message : 'internal error'}`,
      })
    })
  })
}

class BodyError extends Error {
  override name = 'BodyError'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  redis: Redis,
  token: string,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (!isAllowed(request, url, token)) return send(response, 401, { error: 'Unauthorized' })
  const encode = request.headers['upstash-encoding'] === 'base64' ? toBase64 : toPlain
  const body = await readBody(request)
  const route = url.pathname.replace(/\/+$/, '')
  if (route === '/pipeline' || route === '/multi-exec') {
    const commands = toCommands(parse(body))
    if (!commands) {
      return send(response, 400, {
        error: 'ERR failed to parse pipeline request: expected an array of commands',
      })
    }
    if (route === '/multi-exec') {
      const outcome = await redis.transaction(commands)
      if (!Array.isArray(outcome)) return send(response, 400, { error: outcome.error })
      return send(
        response,
        200,
        outcome.map(reply => toResult(reply, encode)),
      )
    }
    // Commands of a pipeline run in order; others may run between them.
    const results: object[] = []
    for (const command of commands) results.push(toResult(await redis.command(command), encode))
    return send(response, 200, results)
  }
  const command = route === '' ? toCommand(parse(body)) : toPathCommand(url, body)
  if (!command) {
    return send(response, 400, {
      error: 'ERR failed to parse command: expected a JSON array with at least one element',
    })
  }
  const reply = await redis.command(command)
  send(response, isFailure(reply) ? 400 : 200, toResult(reply, encode))
}

function isAllowed(request: IncomingMessage, url: URL, token: string): boolean {
  const header = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const given = header ?? url.searchParams.get('_token') ?? ''
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES)
      throw new BodyError(413, `max request size exceeded: limit ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function toCommands(value: unknown): string[][] | undefined {
  if (!Array.isArray(value)) return undefined
  const commands = value.map(toCommand)
  return commands.every(command => command !== undefined) ? commands : undefined
}

function toCommand(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.length > 0 ? value.map(toArgument) : undefined
}

const toArgument = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

/** `/set/key/value?EX=10`, with a body as the last argument. */
function toPathCommand(url: URL, body: string): string[] | undefined {
  try {
    const words = url.pathname.slice(1).split('/').map(decodeURIComponent)
    if (body !== '') words.push(body)
    for (const [name, value] of url.searchParams) {
      if (name !== '_token') words.push(name, ...(value === '' ? [] : [value]))
    }
    return words
  } catch {
    return undefined
  }
}

type Encoder = (reply: Reply) => unknown

const toResult = (reply: Reply, encode: Encoder): object =>
  isFailure(reply) ? { error: reply.error } : { result: encode(reply) }

function toPlain(reply: Reply): unknown {
  if (Array.isArray(reply)) return reply.map(toPlain)
  if (reply === null || typeof reply !== 'object') return reply
  return isStatus(reply) ? reply.status : reply.error
}

/** The client decodes every string but a bare `OK`. */
function toBase64(reply: Reply): unknown {
  if (Array.isArray(reply))
    return reply.map(item => (isStatus(item) ? base64(item.status) : toBase64(item)))
  if (typeof reply === 'string') return base64(reply)
  if (reply === null || typeof reply === 'number') return reply
  if (!isStatus(reply)) return base64(reply.error)
  return reply.status === 'OK' ? 'OK' : base64(reply.status)
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) return
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
