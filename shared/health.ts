/** Health of a function: alive, ready, and the state of what it depends on. */
import type { Context } from 'hono'
import type { Deps } from './deps.ts'
import type { FunctionDefinition } from './function.ts'
import type { AppEnv } from './route.ts'
import { version } from './version.ts'

/** The three answers; only {@link Health.report} looks at dependencies, liveness and readiness never do. */
export interface Health {
  report(c: Context<AppEnv>): Promise<Response>
  ready(c: Context<AppEnv>): Response
  /** Readiness is refused from now on. */
  drain(): void
}

interface ComponentHealth {
  status: 'healthy' | 'degraded' | 'unavailable'
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
  const checks = { ...storeChecks(deps), ...bind(definition, deps) }
  const status = deps.metrics.gauge(
    'service_health_status',
    '1 healthy, 0.5 degraded, 0 unavailable',
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
      Object.entries(checks).map(async ([name, check]) => [name, await timed(check)] as const),
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

type Check = () => Promise<unknown>

function storeChecks<C extends object>(deps: Deps<C>): Record<string, Check> {
  const config = deps.config as Record<string, unknown>
  return {
    ...('DATABASE_URL' in config && { database: async () => deps.sql`select 1` }),
    ...('UPSTASH_REDIS_REST_URL' in config && { kv: () => deps.kv.ping() }),
    ...('QDRANT_URL' in config && { vectors: () => deps.vectors.getCollections() }),
    ...('OLLAMA_HOST' in config && { models: () => deps.models.version() }),
  }
}

function bind<C extends object>(
  definition: FunctionDefinition<C>,
  deps: Deps<C>,
): Record<string, Check> {
  return Object.fromEntries(
    Object.entries(definition.checks ?? {}).map(([name, check]) => [name, () => check(deps)]),
  )
}

async function timed(check: Check): Promise<ComponentHealth> {
  const begun = performance.now()
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), CHECK_TIMEOUT_MS)
  })
  try {
    await Promise.race([check(), limit])
    return { status: 'healthy', latency_ms: Math.round(performance.now() - begun) }
  } catch {
    return { status: 'unavailable', latency_ms: Math.round(performance.now() - begun) }
  } finally {
    clearTimeout(timer)
  }
}

/** `2h30m15s` */
function toUptime(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m${seconds % 60}s`
}
