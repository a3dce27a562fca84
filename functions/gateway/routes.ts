/** The routes of the gateway: its own few, and one for every public operation of the functions behind it. */
import type { Context, Next } from 'hono'
import { apiHealth, apiHealthV1, home } from '../../shared/contracts/gateway.ts'
import type { Deps } from '../../shared/deps.ts'
import { AppError } from '../../shared/errors.ts'
import { type App, type AppEnv, route } from '../../shared/route.ts'
import { version } from '../../shared/version.ts'
import { type Cors, createCors } from './cors.ts'
import { toHomePage } from './home-page.ts'
import { createPass, wireOf } from './pass.ts'
import { createRoutingTable } from './routing-table.ts'
import { SECURITY_HEADERS } from './security-headers.ts'
import { assertKeys, type GatewayConfig } from './settings.ts'
import { parseTarget } from './target.ts'

const LINKS = {
  health: '/api/health',
  openapi: '/openapi.json',
  login: '/api/v1/auth/jwt/login',
  keys: '/.well-known/jwks.json',
}

/** Adds them; a path that is not in the table is not found. */
export function gatewayRoutes(app: App, deps: Deps<GatewayConfig>): void {
  assertKeys(deps.config)
  const cors = createCors(deps.config.CORS_ORIGINS)
  const pass = createPass(deps, cors)
  const healthy = { status: 'healthy', service: 'gateway', version } as const

  app.use((c, next) => guard(c, next, cors))
  route(app, home, async (_, { c }) => {
    const facts = { name: 'aiwfe', version, links: LINKS }
    return (c.req.header('accept') ?? '').includes('text/html') ? c.html(toHomePage(facts)) : facts
  })
  route(app, apiHealth, async () => healthy)
  route(app, apiHealthV1, async () => healthy)

  const methods = new Map<string, string[]>()
  for (const entry of createRoutingTable()) {
    app.on(entry.method, entry.path, c => pass(c, entry))
    methods.set(entry.path, [...(methods.get(entry.path) ?? []), entry.method])
  }
  for (const [path, allowed] of methods) app.all(path, c => refuse(c, allowed, cors))
}

/**
 * One reading of the path and one of the credentials, before any route. The gateway's own answers get a browser's
 * rules here, those passed on get them on their way.
 */
async function guard(c: Context<AppEnv>, next: Next, cors: Cors): Promise<void> {
  const { incoming } = wireOf(c)
  const rules = [...SECURITY_HEADERS, ...cors.headers(incoming.headers.origin)]
  try {
    parseTarget(incoming.url ?? '')
    assertOneAuthorization(incoming.rawHeaders)
  } catch (error) {
    for (const [name, value] of rules) c.header(name, value)
    throw error
  }
  await next()
  const { headers } = c.res
  if (headers.has('x-hono-already-sent')) return
  for (const [name, value] of rules) headers.set(name, value)
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
}

/** Two of them could be read by two servers in two ways. */
function assertOneAuthorization(raw: readonly string[]): void {
  let seen = 0
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.length === 13 && raw[i]?.toLowerCase() === 'authorization') seen += 1
  }
  if (seen > 1) throw new AppError('invalid_request', 'there must be one authorization header')
}

/** The path is known, the method is not: a preflight is answered, anything else refused (RFC 9110 15.5.6). */
function refuse(c: Context<AppEnv>, allowed: readonly string[], cors: Cors): Response {
  const { headers } = wireOf(c).incoming
  c.header('allow', allowed.join(', '))
  if (c.req.method === 'OPTIONS') {
    for (const [name, value] of cors.preflight(headers.origin, allowed)) c.header(name, value)
    return c.body(null, 204)
  }
  throw new AppError('method_not_allowed', `this path takes ${allowed.join(', ')}`)
}
