/** What follows from an attempt: done, again, dead letter or failed; pure, the dispatcher carries it out. */

import { type Outcome, toFailure } from './delivery.ts'
import type { Attempt, DeliveryRecord, EventReference, Fact } from './records.ts'
import { type DeliveryPolicy, isRetryable, waitMs } from './retries.ts'

/** One attempt and what it was made under. */
export interface Trial {
  readonly policy: DeliveryPolicy
  readonly delivery: DeliveryRecord
  readonly attempt: Attempt
  readonly type: string
}

/** The change of the delivery, what to tell of it, and when to try again. */
export interface Verdict {
  readonly patch: Partial<DeliveryRecord>
  readonly fact?: Pick<Fact, 'kind' | 'attempt' | 'tries' | 'waitMs' | 'reply' | 'reason'>
  readonly line?: { readonly level: 'warn' | 'error'; readonly message: string }
  readonly againMs?: number
}

/** The subscriber took the event, and perhaps answered with another. */
export function delivered({ delivery, attempt }: Trial, reply?: EventReference): Verdict {
  return {
    patch: {
      ...tried(delivery, attempt),
      state: 'delivered',
      stage: undefined,
      ...(reply && { reply }),
    },
    fact: { kind: 'delivered', attempt, ...(reply && { reply }) },
  }
}

/** The dead letter sink took the event. */
export function deadLettered({ delivery, attempt, type }: Trial): Verdict {
  const message = `${type} dead-lettered after ${count(delivery.attempts.length)} → ${attempt.url}`
  return {
    patch: { ...tried(delivery, attempt), state: 'deadLettered', deadLetterUrl: attempt.url },
    fact: { kind: 'deadLettered', attempt, reason: delivery.failure?.message },
    line: { level: 'warn', message },
  }
}

/** No success: another try, then the dead letter sink, then the end. `url` is what failed. */
export function failed(trial: Trial, outcome: Outcome, url: string, now: number): Verdict {
  const { policy, delivery, attempt, type } = trial
  const tries = delivery.tries + 1
  const reason = outcome.error ?? String(outcome.status)
  const line = `${type} try ${tries}/${policy.retry + 1} ${reason}`
  const level = outcome.misbehaved ? 'error' : 'warn'
  if (isRetryable(outcome.status) && delivery.tries < policy.retry) {
    const retryAfter = outcome.headers['retry-after']
    const wait = waitMs(policy, delivery.tries, { status: outcome.status, retryAfter, now })
    return {
      patch: { ...tried(delivery, attempt), state: 'retrying', due: now + wait, waitMs: wait },
      fact: { kind: 'retrying', attempt, tries, waitMs: wait, reason },
      line: { level, message: `${line}, next in ${wait / 1000}s` },
      againMs: wait,
    }
  }
  const failure = delivery.failure ?? toFailure(url, outcome)
  if (!delivery.failure && policy.deadLetterUrl !== undefined) {
    return {
      patch: {
        ...tried(delivery, attempt),
        state: 'retrying',
        failure,
        tries: 0,
        stage: undefined,
      },
      line: { level, message: `${line}, giving up` },
      againMs: 0,
    }
  }
  const sink = delivery.failure
    ? `, after ${delivery.failure.message} from its subscriber`
    : ' and there is no dead letter sink'
  const all = count(delivery.attempts.length + 1)
  return {
    patch: { ...tried(delivery, attempt), state: 'failed', failure },
    fact: { kind: 'failed', attempt, reason },
    line: { level: 'error', message: `${type} failed after ${all}: ${reason}${sink}` },
  }
}

/** There is nowhere to send the event any more, as after a trigger was removed. */
export function lost(delivery: DeliveryRecord, type: string, reason: string): Verdict {
  const failure = delivery.failure ?? { destination: '', code: 500, data: '', message: reason }
  return {
    patch: { ...UNPLANNED, state: 'failed', failure },
    fact: { kind: 'failed', reason },
    line: { level: 'error', message: `${type} failed: ${reason}` },
  }
}

const UNPLANNED = { due: undefined, waitMs: undefined }

/** The attempt put to the others, and no next one planned. */
function tried(delivery: DeliveryRecord, attempt: Attempt): Partial<DeliveryRecord> {
  return { attempts: [...delivery.attempts, attempt], tries: delivery.tries + 1, ...UNPLANNED }
}

const count = (tries: number): string => (tries === 1 ? '1 try' : `${tries} tries`)
