/** The event side: every alert of a message is analysed once, and the analysis goes back to the broker as the reply. */
import {
  type Alert,
  type AlertAnalyzed,
  type AlertmanagerMessage,
  alertAnalyzed,
} from '../../shared/contracts/reasoning.ts'
import type { Deps } from '../../shared/deps.ts'
import { AppError, toAppError } from '../../shared/errors.ts'
import type { CloudEvent } from '../../shared/event.ts'
import { createEvent } from '../../shared/publish.ts'
import { analyze, askAbout, type Fact, signatureOf } from './analyze.ts'
import type { Outcome } from './ask-model.ts'
import { type Kept, keep, type Origin, type Past, readKept, readPast } from './history.ts'
import type { ReasoningConfig } from './settings.ts'

const PLATFORM = 'platform'
/** A storm of alerts must not wait for a model one by one: these are asked about, rules answer for the rest. */
const MAX_ASKED = 8

/**
 * Answers an alert event with its analysis. What is kept decides the answer, so that an event that comes again, also
 * to another instance at the same time, has the same reply.
 */
export async function analyzeFired(
  event: CloudEvent<AlertmanagerMessage>,
  deps: Deps<ReasoningConfig>,
): Promise<CloudEvent> {
  const origin = { source: event.source, id: event.id }
  let kept = await orUnavailable(readKept(deps.sql, origin))
  if (kept.length === 0) {
    await orUnavailable(keep(deps.sql, await analyzeAll(event.data, deps), origin))
    kept = await orUnavailable(readKept(deps.sql, origin))
  }
  const data: AlertAnalyzed = {
    group_key: event.data.groupKey,
    analyses: kept.map(({ fingerprint, alert, analysis }) => ({ fingerprint, alert, analysis })),
  }
  const first = kept[0]
  return createEvent(
    alertAnalyzed,
    data,
    {
      subject: event.subject ?? (event.data.groupKey || first?.fingerprint || event.id),
      id: replyId(origin),
    },
    { now: first ? new Date(first.created_at).getTime() : deps.clock.now(), newId: deps.id },
  )
}

async function analyzeAll(
  message: AlertmanagerMessage,
  deps: Deps<ReasoningConfig>,
): Promise<Kept[]> {
  const facts = message.alerts.map(toFact)
  const firing = facts.filter(({ resolved }) => !resolved)
  const limits = { timeoutMs: deps.config.MODEL_TIMEOUT_MS }
  const asked = new Map(
    await Promise.all(
      firing
        .slice(0, MAX_ASKED)
        .map(async fact => [fact, await askAbout(fact, deps, limits)] as const),
    ),
  )
  const pasts = new Map<string, Past>()
  const kept: Kept[] = []
  for (const [index, fact] of facts.entries()) {
    const signature = signatureOf(fact.alert)
    const past =
      pasts.get(signature) ?? (await orUnavailable(readPast(deps.sql, PLATFORM, signature)))
    pasts.set(signature, past)
    const outcome = fact.resolved ? undefined : (asked.get(fact) ?? TOO_MANY)
    kept.push({
      tenant: PLATFORM,
      fingerprint: message.alerts[index]?.fingerprint || signature,
      signature,
      alert: fact.alert.name,
      analysis: analyze(fact, past, outcome),
    })
  }
  return kept
}

const TOO_MANY: Outcome<never> = { failure: 'too many alerts came at once', model: null }

function toFact({ status, labels, annotations }: AlertmanagerMessage['alerts'][number]): Fact {
  const alert: Alert = {
    name: labels.alertname || 'unnamed alert',
    severity: labels.severity ?? 'unknown',
    namespace: labels.namespace ?? 'default',
    resource: '',
    labels,
    annotations,
  }
  return { alert, resolved: status === 'resolved' }
}

/** The same for every delivery of one event, in the form of a UUID (RFC 9562 5.8). */
function replyId({ source, id }: Origin): string {
  const hash = process.getBuiltinModule('node:crypto').hash('sha256', `${source}\n${id}`)
  const variant = ((Number.parseInt(hash.slice(16, 17), 16) & 3) | 8).toString(16)
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-')
}

async function orUnavailable<T>(task: Promise<T>): Promise<T> {
  try {
    return await task
  } catch (cause) {
    // Data that no database takes is the event's own fault: it is final.
    if (toAppError(cause).code === 'validation_failed') throw cause
    throw new AppError('dependency_unavailable', 'the history of alerts cannot be reached', {
      cause,
      details: { dependency: 'database' },
    })
  }
}
