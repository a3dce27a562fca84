/** Cron schedules as PingSource writes them: robfig/cron's dialect on croner's arithmetic. */
import { Cron } from 'croner'

/** A schedule with the time zone that it is written in. */
export interface Schedule {
  readonly pattern: string
  readonly timezone: string
}

/** What a schedule's text is about, or what is wrong with it. */
export type ScheduleReading =
  | { readonly schedule: Schedule }
  | { readonly problem: string; readonly field: 'schedule' | 'timezone' }

/** `CRON_TZ=` (or `TZ=`) before the fields names the zone, `spec.timezone` is weaker than it. */
const ZONE = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/s
const DESCRIPTORS = [
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
]
/** Extensions of croner that the cluster's parser refuses: last day, nearest weekday, n-th weekday. */
const FOREIGN = /[#+]|(?:^|[\s,\d])[LW](?:$|[\s,])/i

/** Reads five fields, or six with seconds first. `@every` is refused, as on a cluster. */
export function readSchedule(text: string, timezone: string | undefined): ScheduleReading {
  const [, zone, rest] = ZONE.exec(text.trim()) ?? []
  const pattern = (rest ?? text).trim()
  const schedule = { pattern, timezone: zone ?? timezone ?? 'UTC' }
  if (pattern.includes('@every')) return wrong('unsupported descriptor @every')
  if (!isZone(schedule.timezone)) {
    const problem = `provided bad location ${schedule.timezone}`
    return { problem, field: zone === undefined ? 'timezone' : 'schedule' }
  }
  if (pattern.startsWith('@') && !DESCRIPTORS.includes(pattern)) {
    return wrong(`unrecognized descriptor: ${pattern}`)
  }
  const fields = pattern.split(/\s+/)
  if (!pattern.startsWith('@') && (fields.length < 5 || fields.length > 6)) {
    return wrong(`expected 5 to 6 fields, found ${fields.length}: [${pattern}]`)
  }
  if (FOREIGN.test(pattern)) return wrong(`failed to parse ${pattern}`)
  if (/(?:^|[,-])7(?:$|[,/-])/.test(fields.at(-1) ?? '')) {
    return wrong(`end of range (7) above maximum (6): ${fields.at(-1)}`)
  }
  try {
    toCron(schedule)
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
  return { schedule }
}

/** The first time after `ms` (exclusive) that the schedule names; undefined when it never comes. */
export function nextRun(schedule: Schedule, ms: number): number | undefined {
  return toCron(schedule).nextRun(new Date(ms))?.getTime()
}

const wrong = (problem: string): ScheduleReading => ({ problem, field: 'schedule' })

function toCron({ pattern, timezone }: Schedule): Cron {
  return new Cron(pattern, { timezone, paused: true, mode: '5-or-6-parts', sloppyRanges: true })
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
