/** Health of a function: alive, ready, and the state of what it depends on. */
import type { Context } from 'hono'
import type { Deps, KvConfig, ModelsConfig, SqlConfig, VectorsConfig } from './deps.ts'
import type { FunctionDefinition } from './function.ts'
import type { AppEnv } from './route.ts'
import { version } from './version.ts'
import { fetch, type LightFetchInit } from './web/fetch.ts'

/** The three answers; only {@link Health.report} looks at dependencies, liveness and readiness never do. */
export interface Health {
  report(c: Context<AppEnv>): Promise<Response>
  ready(c: Context<AppEnv>): Response
  /** Readiness is refused from now on. */
  drain(): void
}

interface ComponentHealth {
  status: 'healthy' | 'unavailable'
  latency_ms: number
}

const CHECK_TIMEOUT_MS = 1_000
/** Many probes at once cause one round of checks. */
const CACHE_MS = 5_000

/** Makes the health routes of a function. */
export function createHealth<C extends object>(
  definition: FunctionDefinition<C>,
  deps: Deps<C>,
): Health {
  const begun = performance.now()
  const checks = Object.fromEntries(
    Object.entries({ ...storeChecks(deps), ...bind(definition, deps) }).map(([name, check]) => [
      name,
      createTimed(check),
    ]),
  )
  const status = deps.metrics.gauge(
    'service_health_status',
    'by component: 1 healthy, 0 unavailable',
  )
  let draining = false
  let cached: { at: number; components: Promise<Record<string, ComponentHealth>> } | undefined

  function components(): Promise<Record<string, ComponentHealth>> {
    const now = performance.now()
    if (!cached || now - cached.at > CACHE_MS) cached = { at: now, components: checkAll() }
    return cached.components
  }

  async function checkAll(): Promise<Record<string, ComponentHealth>> {
    await deps.load()
    const entries = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await check()] as const),
    )
    for (const [component, { status: state }] of entries) {
      const value = state === 'healthy' ? 1 : 0
      status.set({ service: deps.service, component }, value)
    }
    return Object.fromEntries(entries)
  }

  return {
    async report(c) {
      const found = await components()
      const down = Object.values(found).some(component => component.status !== 'healthy')
      return c.json({
        status: draining ? 'unhealthy' : down ? 'degraded' : 'healthy',
        service: deps.service,
        version,
        components: found,
        uptime: toUptime(performance.now() - begun),
        last_check: new Date(deps.clock.now()).toISOString(),
      })
    },
    ready: c =>
      draining
        ? c.json({ status: 'unhealthy', service: deps.service, reason: 'draining' }, 503)
        : c.json({ status: 'healthy', service: deps.service }),
    drain() {
      draining = true
    },
  }
}

/** Ends when the signal is aborted, as far as its client can. */
type Check = (signal: AbortSignal) => Promise<unknown>

function storeChecks<C extends object>(deps: Deps<C>): Record<string, Check> {
  const config = deps.config as Partial<SqlConfig & KvConfig & VectorsConfig & ModelsConfig>
  const { DATABASE_URL, UPSTASH_REDIS_REST_URL, QDRANT_URL, QDRANT_API_KEY, OLLAMA_HOST } = config
  return {
    ...(DATABASE_URL !== undefined && {
      database: async signal => {
        const query = deps.sql`select 1`
        signal.addEventListener('abort', () => query.cancel(), { once: true })
        await query
      },
    }),
    // Each of its commands has a deadline of its own.
    ...(UPSTASH_REDIS_REST_URL !== undefined && { kv: () => deps.kv.ping() }),
    // Asked directly, because neither client takes a signal.
    ...(QDRANT_URL !== undefined && {
      vectors: signal =>
        ask(`${QDRANT_URL}/collections`, { headers: { 'api-key': QDRANT_API_KEY ?? '' }, signal }),
    }),
    ...(OLLAMA_HOST !== undefined && {
      models: signal => ask(`${OLLAMA_HOST}/api/version`, { signal }),
    }),
  }
}

async function ask(url: string, init: LightFetchInit): Promise<void> {
  const response = await fetch(url, init)
  await response.bytes()
  if (!response.ok) throw new Error(`answered ${response.status}`)
}

function bind<C extends object>(
  definition: FunctionDefinition<C>,
  deps: Deps<C>,
): Record<string, Check> {
  return Object.fromEntries(
    Object.entries(definition.checks ?? {}).map(([name, check]) => [
      name,
      signal => check(deps, signal),
    ]),
  )
}

/** One run at a time: while a run does not end, the component is unavailable and is not asked again. */
function createTimed(check: Check): () => Promise<ComponentHealth> {
  let pending: Promise<unknown> | undefined

  return async () => {
    if (pending) return { status: 'unavailable', latency_ms: 0 }
    const begun = performance.now()
    const limit = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        limit.abort()
        reject(new Error('timed out'))
      }, CHECK_TIMEOUT_MS)
    })
    pending = Promise.try(check, limit.signal)
    const over = (): void => {
      pending = undefined
    }
    pending.then(over, over)
    let status: ComponentHealth['status'] = 'healthy'
    try {
      await Promise.race([pending, late])
    } catch {
      status = 'unavailable'
    } finally {
      clearTimeout(timer)
    }
    return { status, latency_ms: Math.round(performance.now() - begun) }
  }
}

/** `2h30m15s` */
function toUptime(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m${seconds % 60}s`
}
