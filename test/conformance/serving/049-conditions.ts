import { everyKind } from '../every-kind.ts'
import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 49,
  level: 'must',
  source: 'error-signalling',
  title: 'every resource has a list of conditions, each type once',
  test: async t => {
    for (const { kind, status } of await everyKind(t)) {
      const types = (status?.conditions ?? []).map(({ type }) => type)
      t.ok(types.length > 0, `${kind} must have conditions`)
      t.equal(new Set(types).size, types.length, `how many types ${kind} has`)
    }
  },
}
