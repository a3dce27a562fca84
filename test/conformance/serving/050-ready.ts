import { everyKind } from '../every-kind.ts'
import type { Rule } from '../rule.ts'
import { conditionOf } from '../target/resource.ts'

export const rule: Rule = {
  item: 50,
  level: 'must',
  source: 'error-signalling',
  title: 'every resource is summed up by a condition Ready, True when it is done',
  test: async t => {
    for (const resource of await everyKind(t)) {
      const ready = conditionOf(resource)
      t.equal(ready?.status, 'True', `Ready of ${resource.kind}`)
      t.equal(ready?.severity ?? '', '', `severity of Ready of ${resource.kind}`)
    }
  },
}
