/** Qdrant's REST protocol over HTTP: key, body, route, and the envelope of every answer. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { formatError, notServed, QdrantError } from './error.ts'
import { type JsonObject, toObject } from './json.ts'
import { findRoute } from './routes.ts'
import type { Store } from './store.ts'

/** A server over `store`; `onError` is told of faults of our own. */
export function createQdrantServer(
  store: Store,
  { apiKey, onError }: { apiKey: string; onError(error: unknown): void },
): Server {
  const expected = digest(apiKey)
  const server = createServer(async (request, response) => {
    const started = performance.now()
    const time = (): number => Math.round((performance.now() - started) * 1_000) / 1e6
    try {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
      const open = OPEN_PATHS[pathname]
      if (open && request.method === 'GET') return open(response)
      const refusal = refuse(request, expected)
      if (refusal) return sendText(response, 401, refusal)
      const segments = pathname.split('/').slice(1).map(decodeURIComponent)
      const route = findRoute(request.method ?? 'GET', segments)
      if (!route) throw unknownRoute(request.method ?? 'GET', pathname, segments)
      const body = await readBody(request)
      const result = route.handler({ store, names: route.names, search: searchParams, body })
      sendJson(response, 200, { result, status: 'ok', time: time() })
    } catch (error) {
      const known = error instanceof QdrantError ? error : undefined
      if (!known && !(error instanceof URIError)) onError(error)
      const status = known?.status ?? (error instanceof URIError ? 400 : 500)
      const message = known?.message ?? (status === 400 ? 'Bad request: malformed path' : INTERNAL)
      sendJson(response, status, { status: { error: message }, time: time() })
    }
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  return server
}

type Answer = (response: ServerResponse) => void

/** Paths that need no key, as in Qdrant. */
const OPEN_PATHS: Record<string, Answer> = {
  '/': response =>
    sendJson(response, 200, {
      title: 'aiwfe - embedded vector store with the REST API of qdrant',
      version: '1.18.0',
    }),
  '/healthz': response => sendText(response, 200, 'healthz check passed'),
  '/livez': response => sendText(response, 200, 'livez check passed'),
  '/readyz': response => sendText(response, 200, 'all shards are ready'),
}

function refuse({ headers }: IncomingMessage, expected: Buffer): string | undefined {
  const key = headers['api-key'] ?? headers.authorization?.match(/^Bearer (.*)$/)?.[1]
  if (key === undefined) return 'Must provide an API key or an Authorization bearer token'
  return timingSafeEqual(digest(String(key)), expected) ? undefined : 'Invalid API key or JWT'
}

async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length <= BODY_MAX) chunks.push(chunk)
  }
  if (length > BODY_MAX) {
    throw new QdrantError(
      413,
      `JSON payload (${length} bytes) is larger than allowed (limit: ${BODY_MAX} bytes).`,
    )
  }
  if (length === 0) return {}
  let body: unknown
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw formatError((error as Error).message)
  }
  return toObject(body as JsonObject, 'a JSON object')
}

/** Tells what a real server has from what nobody has. */
function unknownRoute(method: string, pathname: string, segments: string[]): QdrantError {
  if (segments.some(segment => REAL_ONLY.includes(segment)))
    return notServed(`${method} ${pathname}`)
  return new QdrantError(404, `Not found: ${method} ${pathname}`)
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(text)
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const BODY_MAX = 32 * 1024 * 1024
const KEEP_ALIVE_MS = 65_000
const INTERNAL = 'Service internal error: the embedded vector store failed; its log says why'
const REAL_ONLY = [
  'aliases',
  'cluster',
  'collections',
  'discover',
  'facet',
  'groups',
  'matrix',
  'metrics',
  'recommend',
  'shards',
  'snapshots',
  'telemetry',
  'vectors',
]
