/** The functions behind the gateway, each with its own circuit breaker. */
import {
  type Breaker,
  type BreakerState,
  createBreaker,
  type Permit,
} from '../../shared/breaker.ts'
import { AppError } from '../../shared/errors.ts'
import type { Logger } from '../../shared/log.ts'
import type { Metrics } from '../../shared/metrics.ts'

/** Who may be called now. */
export interface Upstreams {
  /** @throws {@link AppError} `circuit_open` */
  enter(service: string): Permit
}

/** Breakers are made when a service is first asked for. */
export function createUpstreams({
  log,
  metrics,
  now,
}: {
  log: Logger
  metrics: Metrics
  now: () => number
}): Upstreams {
  const breakers = new Map<string, Breaker>()
  const status = metrics.gauge(
    'service_dependency_status',
    '1 the circuit is closed, 0.5 half open, 0 open',
  )

  function create(dependency: string): Breaker {
    const report = (state: BreakerState): void => {
      status.set({ service: 'gateway', dependency }, VALUE[state])
      log.warn(`the circuit of ${dependency} is ${state}`)
    }
    const breaker = createBreaker({ now, onChange: report })
    breakers.set(dependency, breaker)
    status.set({ service: 'gateway', dependency }, VALUE.closed)
    return breaker
  }

  return {
    enter(service) {
      const entered = (breakers.get(service) ?? create(service)).enter()
      if (!('retryAfterMs' in entered)) return entered
      throw new AppError('circuit_open', `${service} keeps failing and is left alone for now`, {
        details: { upstream: service },
        retryAfterSeconds: Math.ceil(entered.retryAfterMs / 1000),
      })
    },
  }
}

const VALUE: Record<BreakerState, number> = { closed: 1, 'half-open': 0.5, open: 0 }
