/** The two ways that Knative writes a span of time: ISO 8601 in delivery, Go's in annotations. */

const ISO =
  /^P(?:(?<weeks>\d+(?:[.,]\d+)?)W)?(?:(?<days>\d+(?:[.,]\d+)?)D)?(?:T(?=\d)(?:(?<hours>\d+(?:[.,]\d+)?)H)?(?:(?<minutes>\d+(?:[.,]\d+)?)M)?(?:(?<seconds>\d+(?:[.,]\d+)?)S)?)?$/
const GO = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/
const GO_PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g

const ISO_UNIT_MS = {
  weeks: 604_800_000,
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
}
const GO_UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** Milliseconds of an ISO 8601 duration (`PT0.2S`, `P1D`), or undefined. Years and months have no fixed length. */
export function parseIsoDuration(text: string): number | undefined {
  const groups = ISO.exec(text)?.groups
  if (!groups) return undefined
  let total: number | undefined
  for (const [unit, ms] of Object.entries(ISO_UNIT_MS)) {
    const amount = groups[unit]
    if (amount !== undefined) total = (total ?? 0) + Number(amount.replace(',', '.')) * ms
  }
  return total
}

/** Milliseconds of a Go duration (`90s`, `1m30s`, `0`), or undefined. */
export function parseGoDuration(text: string): number | undefined {
  if (!GO.test(text)) return undefined
  let total = 0
  for (const [, amount = '0', unit = 's'] of text.matchAll(GO_PART)) {
    total += Number(amount) * (GO_UNIT_MS[unit] ?? 0)
  }
  return text.startsWith('-') ? -total : total
}

/** Whole seconds as Go prints them: `0s`, `6s`, `1h0m0s`. */
export function toGoDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  if (h > 0) return `${h}h${m}m${s}s`
  return m > 0 ? `${m}m${s}s` : `${s}s`
}
