/** Which answers are tried again and after how long, as Knative's `kncloudevents/retries.go` has it. */

import type { DeliverySpec } from '../manifests/types.ts'

/** A DeliverySpec after inheritance, with the dead letter sink as a URL. */
export interface DeliveryPolicy {
  readonly retry: number
  readonly backoffPolicy?: 'linear' | 'exponential'
  readonly backoffDelayMs: number
  readonly timeoutMs?: number
  readonly retryAfterMaxMs?: number
  /** `json` is the structured content mode. */
  readonly format?: 'json' | 'binary'
  readonly deadLetterUrl?: string
}

/** What `config-br-defaults` puts on a Broker without `spec.delivery`. */
export const BROKER_DEFAULTS: DeliverySpec = {
  retry: 10,
  backoffPolicy: 'exponential',
  backoffDelayMs: 200,
}

/**
 * A subscriber's own delivery replaces the inherited one as a whole (an unset `retry` is then 0); the dead letter sink
 * alone is inherited by itself, and is resolved elsewhere: `trigger.go` `resolveDeadLetterSink`.
 */
export function deliveryPolicy(
  own: DeliverySpec | undefined,
  inherited: DeliverySpec = {},
  deadLetterUrl?: string,
): DeliveryPolicy {
  const spec = own ?? inherited
  return {
    retry: spec.retry ?? 0,
    backoffDelayMs: spec.backoffDelayMs ?? 0,
    ...(spec.backoffPolicy && { backoffPolicy: spec.backoffPolicy }),
    ...(spec.timeoutMs !== undefined && { timeoutMs: spec.timeoutMs }),
    ...(spec.retryAfterMaxMs !== undefined && { retryAfterMaxMs: spec.retryAfterMaxMs }),
    ...(spec.format && { format: spec.format }),
    ...(deadLetterUrl !== undefined && { deadLetterUrl }),
  }
}

/** Whether an answer is worth another try; 0 means that no answer came at all. */
export function isRetryable(status: number): boolean {
  return status === 0 || status >= 500 || RETRYABLE.has(status)
}

/** 2xx is the only success. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/**
 * The wait before retry number `n`, counted from 0: exponential `delay * 2^n`, linear `delay * n`, so that the first
 * linear retry is immediate (the implementation, where the specification says otherwise).
 */
export function backoffMs(policy: DeliveryPolicy, n: number): number {
  const { backoffPolicy, backoffDelayMs } = policy
  if (backoffPolicy === 'linear') return backoffDelayMs * n
  return backoffPolicy === 'exponential' ? Math.min(backoffDelayMs * 2 ** n, MAX_WAIT_MS) : 0
}

/** The back-off, or the answer's `Retry-After` on 429 and 503 when the policy honours it and it is longer. */
export function waitMs(
  policy: DeliveryPolicy,
  n: number,
  answer: { status: number; retryAfter?: string | undefined; now: number },
): number {
  const backoff = backoffMs(policy, n)
  if (policy.retryAfterMaxMs === undefined || (answer.status !== 429 && answer.status !== 503))
    return backoff
  const asked = retryAfterMs(answer.retryAfter ?? '', answer.now)
  return Math.max(backoff, Math.min(asked, policy.retryAfterMaxMs))
}

const RETRYABLE = new Set([404, 408, 409, 429])

/** 2^n grows without end; a wait of a year is already "never". */
const MAX_WAIT_MS = 365 * 86_400_000

function retryAfterMs(header: string, now: number): number {
  if (/^\d+$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? 0 : Math.max(0, date - now)
}
