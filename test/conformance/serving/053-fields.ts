import { everyKind } from '../every-kind.ts'
import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 53,
  level: 'should',
  source: 'error-signalling',
  title: 'conditions have times, and passing ones are of severity Info',
  test: async t => {
    for (const { kind, status } of await everyKind(t)) {
      for (const { type, lastTransitionTime, severity = '' } of status?.conditions ?? []) {
        t.match(
          lastTransitionTime,
          /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
          `time of ${type} of ${kind}`,
        )
        if (type === 'Active') t.equal(severity, 'Info', `severity of Active of ${kind}`)
      }
    }
  },
}
