/** What `npm run conformance` prints. */
import type { NamedRule } from '../../test/conformance/load.ts'
import { parityOf, SOURCES } from '../../test/conformance/rule.ts'
import type { Outcome } from '../../test/conformance/run.ts'
import type { Target } from '../../test/conformance/target/target.ts'

const MARKS = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' } as const
const NAME_WIDTH = 36

/** One line as soon as a rule has been tried; a second one says why it did not pass. */
export function toLine({ rule, result, reason, ms }: Outcome): string {
  const time = result === 'skipped' ? '' : `  (${Math.round(ms)} ms)`
  const line = `${MARKS[result]}  ${rule.name.padEnd(NAME_WIDTH)} ${rule.title}${time}`
  return reason === undefined ? line : `${line}\n      ${reason.replaceAll('\n', '\n      ')}`
}

/** The sums, and again what failed. */
export function toSummary(outcomes: readonly Outcome[], target: Target, ms: number): string {
  const failed = outcomes.filter(({ result }) => result === 'failed')
  const sums = (['passed', 'failed', 'skipped'] as const)
    .map(result => `${outcomes.filter(outcome => outcome.result === result).length} ${result}`)
    .join(' · ')
  const level = failed.filter(({ rule }) => rule.level === 'must').length
  return [
    '',
    `${sums} on ${toWhere(target)} in ${(ms / 1000).toFixed(1)} s`,
    ...(failed.length > 0 ? ['', `broken, ${level} of them a must:`, ...failed.map(toLine)] : []),
    '',
  ].join('\n')
}

/** The same for machines. */
export function toJson(outcomes: readonly Outcome[], target: Target, ms: number): string {
  const rules = outcomes.map(({ rule, result, reason, ms }) => {
    const { name, item, level, source, title } = rule
    const parity = parityOf(rule)
    return { name, item, level, source, title, parity, result, reason, ms: Math.round(ms) }
  })
  return JSON.stringify({ target: target.kind, ms: Math.round(ms), rules })
}

/** Every rule with its document. */
export function toList(rules: readonly NamedRule[]): string {
  return rules
    .map(({ name, level, source, title }) =>
      [name.padEnd(NAME_WIDTH), level.padEnd(6), SOURCES[source], '', title].join(' '),
    )
    .join('\n')
}

const toWhere = ({ kind, namespace, ingress }: Target): string =>
  kind === 'emulator' ? 'the emulator' : `the cluster behind ${ingress} (namespace ${namespace})`
