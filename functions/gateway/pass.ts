/** What happens to every request for a function: limits, proof, rights, count, deadline, and the way there and back. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'hono'
import { createAccessTokens } from '../../shared/access-token.ts'
import { syncRevocations } from '../../shared/contracts/auth.ts'
import type { Deps } from '../../shared/deps.ts'
import { AppError } from '../../shared/errors.ts'
import { allows, type Principal } from '../../shared/principal.ts'
import type { AppEnv } from '../../shared/route.ts'
import { contextHeaders, currentContext, openContext, openSpan } from '../../shared/trace.ts'
import { version } from '../../shared/version.ts'
import { createClientNetwork } from './client-address.ts'
import { withClientFacts } from './client-facts.ts'
import type { Cors } from './cors.ts'
import { createForward, takesBody, tooLarge } from './forward.ts'
import { toInward } from './forwarded-headers.ts'
import type { Verdict } from './local-limit.ts'
import { createPeople } from './people.ts'
import { createRateLimit } from './rate-limit.ts'
import { createRevocations } from './revocations.ts'
import type { Route } from './routing-table.ts'
import { SECURITY_HEADERS } from './security-headers.ts'
import type { GatewayConfig } from './settings.ts'
import { createUpstreams } from './upstreams.ts'

/** Node's own request and answer, which the HTTP adapter puts beside every web request. */
export interface Wire {
  incoming: IncomingMessage
  outgoing: ServerResponse
}

/** Handles a request for `route`. */
export type Pass = (c: Context<AppEnv>, route: Route) => Promise<Response>

/** Public operations are called in the gateway's own name. */
const SELF: Principal = { sub: 'gateway', kind: 'service', service: 'gateway', permissions: [] }

/** People wait for it, once, when the store has lost its data. */
const REBUILD_TIMEOUT_MS = 5_000

const SECURITY_PAIRS = SECURITY_HEADERS.flat()

/** Makes the way of one gateway process. */
export function createPass(deps: Deps<GatewayConfig>, cors: Cors): Pass {
  const { config, log, clock, identity } = deps
  const now = (): number => performance.now()
  const kv = () => deps.kv
  const rebuild = () =>
    deps.call(syncRevocations, {}, { principal: SELF, timeoutMs: REBUILD_TIMEOUT_MS })
  const networkOf = createClientNetwork(config.TRUSTED_PROXIES)
  const people = createPeople({
    tokens: createAccessTokens(config, deps),
    revocations: createRevocations({ kv, rebuild, log, now, epoch: clock.now }),
  })
  const limit = createRateLimit({
    limit: config.API_RATE_LIMIT,
    windowSeconds: config.API_RATE_WINDOW_SECONDS,
    kv,
    log,
    now,
    id: deps.id,
  })
  const upstreams = createUpstreams({ log, metrics: deps.metrics, now })
  const forward = createForward({
    domain: config.SERVICES_DOMAIN,
    proxy: config.HTTP_PROXY,
    log,
  })

  /** Counts one request; @throws `rate_limited` */
  async function count(caller: string, c: Context<AppEnv>): Promise<[string, string][]> {
    const verdict = await limit.take(caller)
    const headers = limit.headers(verdict)
    if (verdict.allowed) return headers
    for (const [name, value] of headers) c.header(name, value)
    throw rateLimited(verdict)
  }

  async function prove(c: Context<AppEnv>, route: Route, wire: Wire): Promise<Principal> {
    const { headers } = wire.incoming
    try {
      const person = await people.prove(headers.authorization, route)
      if (allows(person.permissions, route.permission)) return person
    } catch (error) {
      // Guessing tokens is work for us, so it counts against the guesser's network.
      if (error instanceof AppError && error.status === 401) await count(`ip:${network(wire)}`, c)
      throw error
    }
    throw new AppError('permission_denied', `this needs the permission ${route.permission}`, {
      details: { permission: route.permission },
    })
  }

  const network = ({ incoming }: Wire): string =>
    networkOf(incoming.socket.remoteAddress, incoming.headers['x-forwarded-for'])

  return async (c, route) => {
    const begun = now()
    const wire = wireOf(c)
    const { incoming, outgoing } = wire
    const declared = Number(incoming.headers['content-length'] ?? 0)
    if (declared > route.maxBytes) throw tooLarge(route.maxBytes)

    const isPublic = route.permission === 'public'
    const who = isPublic ? SELF : await prove(c, route, wire)
    const counted = route.limited
      ? await count(isPublic ? `ip:${network(wire)}` : `user:${who.sub}`, c)
      : []
    const body = route.clientFacts
      ? await withClientFacts(c, incoming, network(wire), route.maxBytes)
      : undefined
    const token = await identity.mint(route.service, who)

    const context = currentContext() ?? openContext(() => undefined)
    const onward = { ...context, trace: openSpan(context.trace) }
    // A body that is still on its way takes its client's time, not the function's.
    const uploadMs = !body && takesBody(incoming.method) && !incoming.complete ? route.timeoutMs : 0
    onward.deadline = clock.now() + route.deadlineMs + uploadMs
    const headers = toInward(incoming.headers)
    for (const [name, value] of Object.entries(contextHeaders(onward))) headers.push(name, value)
    headers.push('authorization', `Bearer ${token}`)
    headers.push('x-service-name', 'gateway', 'x-service-version', version)
    const length = body
      ? body.byteLength
      : takesBody(incoming.method) && incoming.headers['content-length']
    if (length) headers.push('content-length', String(length))
    const status = await forward({
      route,
      target: toTarget(route, incoming.url ?? ''),
      headers,
      ...(body && { body }),
      incoming,
      outgoing,
      permit: upstreams.enter(route.service),
      answerHeaders: () => [
        ...SECURITY_PAIRS,
        ...counted.flat(),
        ...cors.headers(incoming.headers.origin).flat(),
        'x-request-id',
        context.requestId,
        'x-response-time',
        `${Math.round(now() - begun)}ms`,
      ],
    })
    // The adapter writes nothing more for an answer that carries this header.
    return new Response(null, { status, headers: { 'x-hono-already-sent': 'true' } })
  }
}

/** Node's side of a request. */
export function wireOf(c: Context<AppEnv>): Wire {
  const wire = c.env as Partial<Wire> | undefined
  if (wire?.incoming && wire.outgoing) return { incoming: wire.incoming, outgoing: wire.outgoing }
  throw new TypeError('the gateway must be served by node:http')
}

function toTarget(route: Route, url: string): string {
  if (route.target === undefined) return url
  const mark = url.indexOf('?')
  return mark < 0 ? route.target : route.target + url.slice(mark)
}

const rateLimited = ({ resetSeconds }: Verdict): AppError =>
  new AppError('rate_limited', 'too many requests, wait a little', {
    retryAfterSeconds: resetSeconds,
  })
