import { everyFailedKind } from '../every-kind.ts'
import type { Rule } from '../rule.ts'
import { conditionOf } from '../target/resource.ts'

export const rule: Rule = {
  item: 51,
  level: 'must',
  source: 'error-signalling',
  title: 'a failed condition makes Ready False',
  test: async t => {
    for (const resource of await everyFailedKind(t)) {
      const others = resource.status?.conditions?.filter(({ type }) => type !== 'Ready') ?? []
      const failed = others.filter(
        ({ status, severity = '' }) => status === 'False' && severity === '',
      )
      t.ok(
        failed.length > 0 || others.length === 0,
        `a condition of ${resource.kind} must have failed`,
      )
      t.equal(conditionOf(resource)?.status, 'False', `Ready of ${resource.kind}`)
    }
  },
}
