/** How Knative's Go prints the time of an event. */

/** In UTC with the fraction's trailing zeros cut; an absent one is Go's zero time. */
export function toUtc(time: string): string {
  if (time === '') return '0001-01-01T00:00:00Z'
  const fraction = /\.\d+/.exec(time)?.[0] ?? ''
  const date = new Date(Date.parse(time.replace(fraction, '').toUpperCase()))
  if (Number.isNaN(date.getTime())) return time
  return `${date.toISOString().slice(0, 19)}${fraction.replace(/\.?0+$/, '')}Z`
}
