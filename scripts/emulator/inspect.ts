/** What a test asks after it has done something: where events went, what waits, and why. */

import type { Eventing } from './eventing/eventing.ts'
import type { EventQuery } from './eventing/history.ts'
import type { DeliveryRecord, EventRecord } from './eventing/records.ts'
import type { Serving } from './serving/serving.ts'

/** One event for one trigger or subscription. */
export interface Delivery extends DeliveryRecord {
  /** The event's attributes. */
  readonly event: EventRecord['attributes']
  /** `<namespace>/<name>` of the broker, `channel/<namespace>/<name>`. */
  readonly broker: string
  readonly seq: number
}

/** Which deliveries; what is not said does not matter. */
export interface DeliveryFilter {
  readonly id?: string
  readonly source?: string
  readonly type?: string
  /** `<namespace>/<name>`, or the name alone. */
  readonly trigger?: string
  readonly state?: DeliveryRecord['state']
}

/** What can be asked. */
export interface Inspection {
  /** The oldest first. */
  deliveries(filter?: DeliveryFilter): Delivery[]
  /** Deliveries that ended at a dead letter sink, the oldest first. */
  deadLetters(filter?: DeliveryFilter): Delivery[]
  /** An account of everything for people: functions, triggers, and what is unfinished and why. */
  debug(): string
}

/** Looks into the running parts. */
export function createInspection({
  serving,
  eventing,
  runningHandlers,
}: {
  serving: Serving
  eventing: Eventing
  /** Calls of handlers that have not ended, by `<namespace>/<name>`. */
  runningHandlers: () => ReadonlyMap<string, number>
}): Inspection {
  function deliveries(filter: DeliveryFilter = {}): Delivery[] {
    const { trigger, state, ...query } = filter
    return events(eventing, query)
      .flatMap(({ attributes, broker, seq, deliveries: all }) =>
        all.map(delivery => ({ ...delivery, event: attributes, broker, seq })),
      )
      .filter(
        delivery =>
          (state === undefined || delivery.state === state) &&
          (trigger === undefined || isNamed(delivery.trigger, trigger)),
      )
  }

  return {
    deliveries,
    deadLetters: filter => deliveries({ ...filter, state: 'deadLettered' }),
    debug: () =>
      [
        'functions',
        ...lines(serving.status().map(status => toFunctionLine(status, runningHandlers()))),
        'triggers',
        ...lines(eventing.status().triggers.map(toTriggerLine)),
        'unfinished events',
        ...lines(
          events(eventing, {})
            .filter(({ state }) => state === 'pending' || state === 'retrying')
            .map(toEventLine),
        ),
        'failed, dead-lettered, refused or unwanted events',
        ...lines(
          events(eventing, {})
            .filter(({ state }) => ENDED_BADLY.includes(state))
            .map(toEventLine),
        ),
      ].join('\n'),
  }
}

const PAGE = 500
const ENDED_BADLY: readonly EventRecord['state'][] = [
  'failed',
  'deadLettered',
  'refused',
  'filtered',
]

/** All that the ledger keeps, the oldest first. */
function events(eventing: Eventing, query: Omit<EventQuery, 'limit' | 'before'>): EventRecord[] {
  const found: EventRecord[] = []
  for (let before: number | undefined; ; before = found.at(-1)?.seq) {
    const page = eventing.events({
      ...query,
      limit: PAGE,
      ...(before !== undefined && { before }),
    })
    found.push(...page)
    if (page.length < PAGE) return found.reverse()
  }
}

const isNamed = (full: string, wanted: string): boolean =>
  full === wanted || full.endsWith(`/${wanted}`)

const lines = (texts: readonly string[]): string[] =>
  texts.length === 0 ? ['  none'] : texts.map(text => `  ${text}`)

function toFunctionLine(
  status: ReturnType<Serving['status']>[number],
  handlers: ReadonlyMap<string, number>,
): string {
  const { name, namespace, replicas, queued, latestReadyRevision, conditions } = status
  const inFlight = status.inFlight + (handlers.get(`${namespace}/${name}`) ?? 0)
  const [ready] = conditions
  const why = ready && ready.status !== 'True' ? ` · ${ready.reason}: ${ready.message ?? ''}` : ''
  return (
    `${namespace}/${name} ${latestReadyRevision ?? 'no ready revision'} · ` +
    `${replicas.ready} ready, ${replicas.starting} starting, ${replicas.draining} draining · ` +
    `${inFlight} in flight, ${queued} queued${why}`
  )
}

function toTriggerLine(trigger: ReturnType<Eventing['status']>['triggers'][number]): string {
  const { name, namespace, broker, ready, reason, subscriberUrl, pending, retrying } = trigger
  const state = ready ? 'ready' : `not ready: ${reason ?? 'no reason given'}`
  return `${namespace}/${name} of ${broker} → ${subscriberUrl} · ${state} · ${pending} pending, ${retrying} retrying`
}

function toEventLine({ attributes, state, reason, deliveries, misses }: EventRecord): string {
  const { id, type, source } = attributes
  const parts = [
    ...(reason === undefined ? [] : [reason]),
    ...deliveries.filter(({ state }) => state !== 'delivered').map(toDeliveryText),
    ...(deliveries.length > 0 ? [] : misses).map(
      ({ trigger, attribute, wanted, got }) =>
        `${trigger} wants ${attribute} ${wanted}, got ${got}`,
    ),
  ]
  return `${id} ${type} from ${source}: ${state}${parts.map(part => ` · ${part}`).join('')}`
}

function toDeliveryText({
  trigger,
  state,
  tries,
  attempts,
  failure,
  waitMs,
}: DeliveryRecord): string {
  const last = attempts.at(-1)
  const answer = last && (last.error ?? `answered ${last.status ?? 'nothing'}`)
  const wait = state === 'retrying' && waitMs !== undefined ? `, next try after ${waitMs} ms` : ''
  const why = failure?.message ?? answer ?? 'not tried yet'
  return `${trigger} ${state} after ${tries} tries (${why}${wait})`
}
