import { everyFailedKind } from '../every-kind.ts'
import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 52,
  level: 'must',
  source: 'error-signalling',
  title: 'a condition that is False says why',
  test: async t => {
    for (const { kind, status } of await everyFailedKind(t)) {
      for (const condition of status?.conditions ?? []) {
        if (condition.status !== 'False') continue
        t.ok(Boolean(condition.reason), `${condition.type} of ${kind} must have a reason`)
        t.ok(Boolean(condition.message), `${condition.type} of ${kind} must have a message`)
      }
    }
  },
}
