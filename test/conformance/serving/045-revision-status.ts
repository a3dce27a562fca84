import type { Rule } from '../rule.ts'
import { at } from '../target/resource.ts'

export const rule: Rule = {
  item: 45,
  level: 'should',
  source: 'serving-api',
  title: 'the status of a Revision tells its containers and how many run',
  test: async t => {
    const { name } = await t.shared()
    const { status } = await t.kube.get('Revision', `${name}-00001`)
    t.equal(status?.actualReplicas, 1, 'actualReplicas')
    t.equal(status?.desiredReplicas, 1, 'desiredReplicas')
    t.ok(at(status, 'containerStatuses.0.name') !== undefined, 'containerStatuses must name it')
  },
}
