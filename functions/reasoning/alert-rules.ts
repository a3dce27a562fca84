/** Finds what is known about an alert. */
import { type AlertRule, rule } from './alert-rule.ts'
import { INFRASTRUCTURE_ALERTS } from './infrastructure-alerts.ts'
import { WORKLOAD_ALERTS } from './workload-alerts.ts'

/** Tried from top to bottom. Names are those of kube-prometheus and common exporters. */
export const ALERT_RULES: readonly AlertRule[] = [...WORKLOAD_ALERTS, ...INFRASTRUCTURE_ALERTS]

/** For what nobody has written down. */
export const UNKNOWN_RULE: AlertRule = rule(
  'unknown',
  /^/,
  'workload',
  ['notify_only', 'collect_diagnostics'],
  0.2,
  'nothing is known about this alert, so a person has to look',
)

/** A hint in the text is worth less than the name. */
const TEXT_FACTOR = 0.8

/** The rule that fits best, and how sure its first action is. */
export function findRule(
  name: string,
  texts: readonly string[],
): { rule: AlertRule; confidence: number } {
  const named = ALERT_RULES.find(entry => entry.name.test(name))
  // A crash loop whose text says "OOMKilled" is the other alert: the earlier line of the table wins.
  const told = ALERT_RULES.find(({ text }) => text && texts.some(value => text.test(value)))
  if (told && (!named || ALERT_RULES.indexOf(told) < ALERT_RULES.indexOf(named))) {
    return { rule: told, confidence: told.confidence * (named ? 1 : TEXT_FACTOR) }
  }
  return { rule: named ?? UNKNOWN_RULE, confidence: (named ?? UNKNOWN_RULE).confidence }
}
