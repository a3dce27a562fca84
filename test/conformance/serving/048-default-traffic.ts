import type { Rule } from '../rule.ts'
import { at } from '../target/resource.ts'

export const rule: Rule = {
  item: 48,
  level: 'must',
  source: 'serving-api',
  title: 'without traffic everything goes to the latest ready Revision',
  test: async t => {
    const { name, resource } = await t.probe({ env: { COLOUR: 'teal' } })
    t.equal(at(resource, 'spec.traffic'), [{ latestRevision: true, percent: 100 }], 'the default')
    const containers = [{ image: t.target.image, env: [{ name: 'COLOUR', value: 'red' }] }]
    await t.kube.patch('Service', name, { spec: { template: { spec: { containers } } } })
    const changed = await t.settled('Service', name)
    t.equal((await t.toProbe(changed).report()).env.COLOUR, 'red', 'who answers')
  },
}
