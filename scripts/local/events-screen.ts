/** How events look in a terminal: one line each, or the whole path of one as a tree. */
import type {
  Attempt,
  DeliveryRecord,
  EventRecord,
  Fact,
  Miss,
} from '../emulator/eventing/records.ts'
import type { ShownEvent } from './events-client.ts'

/** One line per event, newest first, and how to see more. */
export function toList({
  events,
  next,
}: {
  events: readonly EventRecord[]
  next?: number
}): string {
  if (events.length === 0) return 'no events\n'
  const rows = events.map(event => [
    `#${event.seq}`,
    toTime(event.arrival),
    event.state,
    textOf(event, 'type'),
    textOf(event, 'id'),
    summarize(event),
  ])
  const more = next === undefined ? [] : [`older ones: npm run events -- list --before ${next}`]
  return `${[...toColumns(rows), ...more].join('\n')}\n`
}

/** The path of one event; `below` are the branches of those that came of it. */
export function toTree(event: ShownEvent, below: ReadonlyMap<number, string>): string {
  const { causes } = event
  const [cause] = causes
  return [
    `#${event.seq} ${textOf(event, 'type')}  ${textOf(event, 'id')}`,
    `  from ${textOf(event, 'source')} to ${event.broker}, ${new Date(event.arrival).toISOString()}, ${event.size} bytes`,
    ...(cause ? [`  came of #${cause.seq} ${cause.type} ${cause.id}${ofCause(event)}`] : []),
    ...toBranches(event, below)
      .split('\n')
      .map(line => `  ${line}`),
  ].join('\n')
}

/** How an event ended, and below it who got it and who did not want it. */
export function toBranches(event: ShownEvent, below: ReadonlyMap<number, string>): string {
  const { deliveries, misses, children } = event
  const known = new Set(deliveries.flatMap(({ reply }) => (reply ? [reply.seq] : [])))
  const branches = [
    ...deliveries.map(delivery => ofDelivery(delivery, below)),
    ...misses.map(miss => [`${miss.trigger}  did not want it: ${ofMiss(miss)}`]),
    ...children
      .filter(({ seq }) => !known.has(seq))
      .map(child => [
        `${child.trigger ?? 'somebody'}  ${HOW[child.how ?? ''] ?? 'made'} #${child.seq} ${child.type} ${child.id} in ${child.broker}${below.has(child.seq) ? '' : `: ${child.state}`}`,
        ...indented(below.get(child.seq)),
      ]),
  ]
  const took = event.ended === undefined ? '' : ` after ${toSpan(event.ended - event.arrival)}`
  return [
    `${event.state}${took}${event.reason === undefined ? '' : `: ${event.reason}`}`,
    ...branches.flatMap((lines, at) => toBranch(lines, at === branches.length - 1)),
  ].join('\n')
}

/** Attributes and data, below the tree. */
export function toContent({ attributes, data, data_base64: base64 }: ShownEvent): string {
  const body =
    data === undefined
      ? base64 === undefined
        ? []
        : [`  data (base64)  ${base64}`]
      : [
          '  data',
          ...JSON.stringify(data, null, 2)
            .split('\n')
            .map(line => `    ${line}`),
        ]
  const rows = Object.entries(attributes).map(([name, value]) => [`  ${name}`, String(value)])
  return [...toColumns(rows), ...body].join('\n')
}

/** One line of `tail`. */
export function toFactLine({
  at,
  kind,
  event,
  trigger,
  attempt,
  reply,
  waitMs,
  reason,
}: Fact): string {
  const parts = [
    toTime(at),
    kind.padEnd(12),
    `#${event.seq} ${event.type} ${event.id}`,
    ...(trigger === undefined ? [] : [`→ ${trigger}`]),
    ...(attempt ? [ofAnswer(attempt)] : []),
    ...(reply ? [`reply #${reply.seq} ${reply.type}`] : []),
    ...(waitMs === undefined ? [] : [`again in ${toSpan(waitMs)}`]),
    ...(reason === undefined || attempt?.error === reason ? [] : [reason]),
  ]
  return parts.join('  ')
}

const HOW: Readonly<Record<string, string>> = {
  reply: 'answered with',
  forward: 'passed it on as',
  deadLetter: 'dead-lettered it as',
  resend: 'sent it again as',
}

const CAUSED: Readonly<Record<string, string>> = {
  reply: 'the answer of',
  forward: 'passed on by',
  deadLetter: 'the dead letter of',
  resend: 'sent again',
}

function ofCause({ cause }: ShownEvent): string {
  return cause ? `, ${CAUSED[cause.how] ?? 'by'} ${cause.trigger ?? ''}`.trimEnd() : ''
}

function ofDelivery(delivery: DeliveryRecord, below: ReadonlyMap<number, string>): string[] {
  const { trigger, state, attempts, waitMs, failure, reply } = delivery
  const next = state === 'retrying' && waitMs !== undefined ? `, again in ${toSpan(waitMs)}` : ''
  return [
    `${trigger}  ${state}${next}`,
    ...toColumns(attempts.map(ofAttempt)).map(line => `  ${line}`),
    ...(failure && attempts.every(({ error }) => error !== failure.message)
      ? [`  ${failure.message}`]
      : []),
    ...(reply ? [`  answered with #${reply.seq} ${reply.type} ${reply.id}`] : []),
    ...(reply ? indented(below.get(reply.seq)).map(line => `  ${line}`) : []),
  ]
}

const ofAttempt = (attempt: Attempt): string[] => [
  toTime(attempt.at),
  attempt.waitMs > 0 ? `after ${toSpan(attempt.waitMs)}` : '',
  TARGETS[attempt.to],
  ofAnswer(attempt),
  attempt.revision ?? attempt.url,
]

const TARGETS: Readonly<Record<Attempt['to'], string>> = {
  subscriber: '',
  reply: 'reply',
  deadLetterSink: 'dead letter',
}

function ofAnswer({ status, error, tookMs }: Attempt): string {
  const answer = [status === undefined ? '' : String(status), error ?? ''].filter(Boolean).join(' ')
  return `${answer || 'no answer'} in ${toSpan(tookMs)}`
}

function ofMiss({ attribute, wanted, got }: Miss): string {
  return attribute === ''
    ? `wanted ${wanted}, got ${got}`
    : `${attribute} wanted ${wanted}, got ${got}`
}

function summarize({ deliveries, reason }: EventRecord): string {
  if (reason !== undefined) return reason
  return deliveries
    .map(({ trigger, attempts }) => {
      const { status, error } = attempts.at(-1) ?? {}
      return `${trigger} ${status ?? error ?? '…'}${attempts.length > 1 ? ` ×${attempts.length}` : ''}`
    })
    .join(' · ')
}

function toBranch([first = '', ...rest]: readonly string[], isLast: boolean): string[] {
  return [`${isLast ? '└' : '├'} ${first}`, ...rest.map(line => `${isLast ? ' ' : '│'} ${line}`)]
}

const indented = (tree: string | undefined): string[] =>
  tree === undefined ? [] : tree.split('\n').map(line => `  ${line}`)

function toColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map(row => row[at]?.length ?? 0)))
  const used = widths.flatMap((width, at) => (width > 0 ? [at] : []))
  return rows.map(row =>
    used
      .map(at => (row[at] ?? '').padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

const textOf = ({ attributes }: Pick<EventRecord, 'attributes'>, name: string): string =>
  String(attributes[name] ?? '–')

const toTime = (ms: number): string => new Date(ms).toISOString().slice(11, 23)

function toSpan(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}
