/** The model service: an Ollama that answers, or else an emulator of it which says so in every name. */
import { mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { closeServer, listen } from '../listen.ts'
import { json, type RouteDeps } from './exchange.ts'
import { createModels } from './models.ts'
import { ApiError, parseBody } from './request.ts'
import { ROUTES } from './routes.ts'
import { createScheduler } from './scheduler.ts'

/** The running service. */
export interface EmbeddedOllama {
  url: string
  port: number
  close(): Promise<void>
}

const MAX_BODY_BYTES = 64 * 1024 * 1024
const PROBE_TIMEOUT_MS = 1_000

/** Whether an Ollama answers at `host` (`OLLAMA_HOST`, with or without scheme and port). */
export async function answers(host: string): Promise<boolean> {
  try {
    const response = await fetch(`${toUrl(host)}/api/version`, {
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    })
    const body: unknown = await response.json()
    return response.ok && typeof (body as { version?: unknown }).version === 'string'
  } catch {
    return false
  }
}

/** The address that `OLLAMA_HOST` means. */
export function toUrl(host: string): string {
  const full = /^https?:\/\//.test(host) ? host : `http://${host}`
  const url = new URL(full)
  const port =
    url.port ||
    (/^https?:\/\//.test(host) && /:(?:80|443)(?:\/|$)/.test(host)
      ? ''
      : url.protocol === 'https:'
        ? ''
        : '11434')
  return `${url.protocol}//${url.hostname}${port ? `:${port}` : ''}${url.pathname.replace(/\/$/, '')}`
}

/** Starts the emulator on 127.0.0.1; pulled names are kept in `directory`. */
export async function startOllama({
  directory,
  port = 0,
  now = Date.now,
  parallel = 4,
  contextLength = 8192,
  firstTokenMs = 0,
  tokenMs = 0,
}: {
  directory: string
  port?: number | undefined
  now?: () => number
  parallel?: number
  contextLength?: number
  firstTokenMs?: number
  tokenMs?: number
}): Promise<EmbeddedOllama> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const deps: RouteDeps = {
    models: createModels(join(directory, 'models.json'), now),
    scheduler: createScheduler({ parallel, now }),
    now,
    contextLength,
    firstTokenMs,
    tokenMs,
  }
  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('request canceled'))
    })
    serve(request, response, gone.signal, deps).catch((error: unknown) => fail(response, error))
  })
  const bound = await listen(server, port)
  return { url: `http://127.0.0.1:${bound}`, port: bound, close: () => closeServer(server) }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
  deps: RouteDeps,
): Promise<void> {
  if (!isLocal(request.headers.host ?? '')) {
    response.writeHead(403).end()
    return
  }
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET')
  if (path === '/' && method === 'GET') {
    response
      .writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
      .end('Ollama is running')
    return
  }
  const route = ROUTES[`${method} ${path}`]
  if (!route) {
    const known = Object.keys(ROUTES).some(key => key.endsWith(` ${path}`))
    response
      .writeHead(known ? 405 : 404, { 'content-type': 'text/plain' })
      .end(known ? '405 method not allowed' : '404 page not found')
    return
  }
  const body = method === 'GET' ? {} : parseBody(await readBody(request))
  await route({ body, response, signal }, deps)
}

/** Before the first byte an error has its status; after it, it is a line of the stream. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return
  const message = error instanceof Error ? error.message : 'internal error'
  if (response.headersSent) response.end(`${JSON.stringify({ error: message })}\n`)
  else json(response, { error: message }, error instanceof ApiError ? error.status : 500)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new ApiError(413, 'http: request body too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A loopback server answers only to loopback names, so that no web page can reach it by a name of its own. */
const isLocal = (host: string): boolean =>
  /^(?:localhost|127\.0\.0\.1|\[::1\]|[\w.-]+\.(?:localhost|local|internal))(?::\d+)?$/.test(host)
