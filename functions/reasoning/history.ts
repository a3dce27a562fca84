/** What has been recommended for the same trouble before, and whether that goes round in circles. */
import type { Sql } from '../../shared/clients/sql.ts'
import type { AlertAnalysis } from '../../shared/contracts/reasoning.ts'

/** The past day of one signature. */
export interface Past {
  /** Analyses in the last 24 hours. */
  count: number
  /** Of those, within the last four hours. */
  recent: number
  lastAction: string | null
  lastAt: Date | null
  /** Of those, how many recommended each action. */
  byAction: Readonly<Record<string, number>>
}

/** One analysis to keep. */
export interface Kept {
  tenant: string
  fingerprint: string
  signature: string
  alert: string
  analysis: AlertAnalysis
}

/** Where an event came from; its analyses are kept once. */
export interface Origin {
  source: string
  id: string
}

/** Three times the same advice did not help; five recurrences in four hours did not either. */
const SAME_ACTION_LIMIT = 3
const RECENT_LIMIT = 5

/** Reads the past day. The database's clock decides what a day is. */
export async function readPast(sql: Sql, tenant: string, signature: string): Promise<Past> {
  const rows = await sql<{ action: string; count: number; recent: number; last_at: Date }[]>`
    select action, count(*)::int as count,
      (count(*) filter (where created_at > clock_timestamp() - interval '4 hours'))::int as recent,
      max(created_at) as last_at
    from reasoning.analyses
    where tenant = ${tenant} and signature = ${signature}
      and created_at > clock_timestamp() - interval '24 hours'
    group by action
    order by last_at desc`
  const last = rows[0]
  return {
    count: rows.reduce((sum, row) => sum + row.count, 0),
    recent: rows.reduce((sum, row) => sum + row.recent, 0),
    lastAction: last?.action ?? null,
    lastAt: last ? new Date(last.last_at) : null,
    byAction: Object.fromEntries(rows.map(row => [row.action, row.count])),
  }
}

/** Keeps the analyses of one question or one event, all or none; those of an event are kept once. */
export async function keep(sql: Sql, kept: readonly Kept[], origin?: Origin): Promise<void> {
  const rows = kept.map((entry, position) => ({
    ...entry,
    analysis: sql.json(entry.analysis as never) as never,
    action: entry.analysis.action,
    event_source: origin?.source ?? null,
    event_id: origin?.id ?? null,
    position,
  }))
  await sql`
    insert into reasoning.analyses ${sql(rows)}
    on conflict (event_source, event_id, position) do nothing`
}

/** The analyses of an event that has been here before, in the order of its alerts. */
export async function readKept(
  sql: Sql,
  { source, id }: Origin,
): Promise<{ fingerprint: string; alert: string; analysis: AlertAnalysis; created_at: Date }[]> {
  return sql`
    select fingerprint, alert, analysis, created_at
    from reasoning.analyses
    where event_source = ${source} and event_id = ${id}
    order by position`
}

/** Says what is known of the past; never more. */
export function describePast(past: Past | undefined): string {
  if (!past) return 'the history cannot be read at the moment'
  if (past.count === 0) return 'not seen in the last 24 hours'
  const times = past.count === 1 ? 'once' : `${past.count} times`
  const when = past.lastAt ? ` at ${past.lastAt.toISOString()}` : ''
  return `analysed ${times} in the last 24 hours; last${when} with the advice ${past.lastAction}`
}

/** Whether `action` is likely to be one more turn of the same circle. */
export function judgeOscillation(
  past: Past | undefined,
  action: string,
): { level: 'none' | 'low' | 'high'; text: string } {
  if (!past) return { level: 'low', text: 'low: unknown, because the history cannot be read' }
  const same = past.byAction[action] ?? 0
  if (past.count === 0) return { level: 'none', text: 'none: this is the first time in 24 hours' }
  if (action !== 'notify_only' && same >= SAME_ACTION_LIMIT) {
    return { level: 'high', text: `high: ${action} was advised ${same} times in 24 hours already` }
  }
  if (past.recent >= RECENT_LIMIT) {
    return { level: 'high', text: `high: it came back ${past.recent} times within four hours` }
  }
  const acts = Object.keys(past.byAction).filter(name => name !== 'notify_only' && name !== action)
  if (acts.length > 1) {
    return { level: 'high', text: `high: ${[...acts, action].join(', ')} were advised in turn` }
  }
  return { level: 'low', text: `low: it came back ${past.count} times in 24 hours` }
}
