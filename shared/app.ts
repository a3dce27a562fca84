/** Builds the HTTP app of a function: everything that every function has, then its own routes and events. */
import { Hono } from 'hono'
import { TrieRouter } from 'hono/router/trie-router'
import type { Deps } from './deps.ts'
import { AppError, errorHeaders, toAppError, toEnvelope, toProblem } from './errors.ts'
import type { FunctionDefinition } from './function.ts'
import { createHealth } from './health.ts'
import { bearerOf } from './principal.ts'
import { receive } from './receive.ts'
import type { App, AppEnv } from './route.ts'
import { currentContext, openContext, withContext } from './trace.ts'
import { version } from './version.ts'

/** A running app and the switch that makes it refuse readiness while it stops. */
export interface FunctionApp {
  /** `bindings` are what the HTTP adapter puts beside a request: Node's own request and answer. */
  fetch: (request: Request, bindings?: object) => Response | Promise<Response>
  /** From now on `/health/ready` answers 503. */
  drain(): void
}

/** Paths that probes and scrapers ask for; they are not logged and need no identity. */
const OPEN_PATHS = /^\/(health(\/live|\/ready)?|metrics|openapi\.json)$/

/** Assembles `definition` over `deps`. */
export function createApp<C extends object>(
  definition: FunctionDefinition<C>,
  deps: Deps<C>,
): FunctionApp {
  // The default one builds its expressions at the first request, which costs a cold start 6 ms.
  const app: App = new Hono<AppEnv>({ router: new TrieRouter() })
  const { log, metrics, clock, service } = deps
  const requests = metrics.counter('http_requests_total', 'requests by route and status')
  const durations = metrics.histogram('http_request_duration_seconds', 'seconds until the answer')
  const health = createHealth(definition, deps)
  const declared = new Set(definition.contract.operations.map(operation => operation.path))

  app.use(async (c, next) => {
    const context = openContext(name => c.req.header(name))
    await withContext(context, async () => {
      const begun = performance.now()
      await next()
      const seconds = (performance.now() - begun) / 1000
      const endpoint = endpointOf(c.req.routePath, c.req.path, declared)
      // An answer that was written past the adapter has carried its own.
      if (!c.res.headers.has('x-hono-already-sent')) {
        c.header('x-request-id', context.requestId)
        c.header('x-response-time', `${Math.round(seconds * 1000)}ms`)
        c.header('x-service-name', service)
      }
      requests.add({ service, endpoint, status: String(c.res.status) })
      durations.observe({ service, endpoint }, seconds)
      if (OPEN_PATHS.test(c.req.path)) return
      log.info(`${c.req.method} ${c.req.path} ${c.res.status} (${Math.round(seconds * 1000)}ms)`)
    })
  })

  app.onError((thrown, c) => {
    const error = toAppError(thrown)
    const site = {
      service,
      endpoint: c.req.path,
      requestId: currentContext()?.requestId ?? '',
      now: clock.now(),
    }
    if (error.status >= 500) log.error(`${c.req.method} ${c.req.path} failed`, { error: thrown })
    const problem = (c.req.header('accept') ?? '').startsWith('application/problem+json')
    const body = problem ? toProblem(error, site) : toEnvelope(error, site)
    return c.body(JSON.stringify(body), error.status as 500, {
      'content-type': problem ? 'application/problem+json' : 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      ...errorHeaders(error),
    })
  })

  app.notFound(c => {
    const methods = methodsOf(definition, c.req.path)
    if (methods.length > 0) {
      c.header('allow', methods.join(', '))
      throw new AppError('method_not_allowed', `this path takes ${methods.join(', ')}`)
    }
    throw new AppError('not_found', `nothing is served at ${c.req.path}`)
  })

  app.get('/health', health.report)
  app.get('/health/live', c => c.json({ status: 'healthy', service, version }))
  app.get('/health/ready', health.ready)
  app.get('/metrics', c => c.text(metrics.render(), 200, { 'content-type': METRICS_TYPE }))
  app.get('/openapi.json', async c => {
    const { toOpenApi } = await import('./openapi.ts')
    return c.json(toOpenApi(definition.contract))
  })

  app.use(async (c, next) => {
    const header = c.req.header('authorization')
    // The gateway speaks to people: their tokens are not service tokens, and its own routes prove them.
    if (header !== undefined && definition.name !== 'gateway') {
      const token = bearerOf(header)
      if (!token)
        throw new AppError('token_invalid', 'the authorization header must be: Bearer <token>')
      const principal = await deps.identity.verify(token)
      const context = currentContext()
      if (context) context.principal = principal
      c.set('principal', principal)
    }
    await deps.load()
    await next()
  })

  app.post('/', c => receive(c, definition, deps))
  definition.routes?.(app, deps)
  return { fetch: (request, bindings) => app.fetch(request, bindings), drain: health.drain }
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Templates only, so that no path of a client becomes a label. */
function endpointOf(routePath: string, path: string, declared: Set<string>): string {
  if (OPEN_PATHS.test(path) || path === '/') return path
  return declared.has(routePath) || (routePath !== '/*' && routePath !== '*')
    ? routePath
    : 'unmatched'
}

function methodsOf<C extends object>(definition: FunctionDefinition<C>, path: string): string[] {
  const methods = definition.contract.operations
    .filter(operation => toPattern(operation.path).test(path))
    .map(operation => operation.method)
  if (path === '/' && definition.events?.length) methods.push('POST')
  return [...new Set(methods)]
}

const toPattern = (path: string): RegExp => new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`)
