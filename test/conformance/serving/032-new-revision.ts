import type { Rule } from '../rule.ts'
import { at } from '../target/resource.ts'

export const rule: Rule = {
  item: 32,
  level: 'must',
  source: 'serving-api',
  title: 'a change of the template makes a new Revision of it, a change of traffic does not',
  test: async t => {
    const { name, report } = await t.probe({ env: { COLOUR: 'teal' } })
    await t.kube.patch('Service', name, {
      spec: { traffic: [{ latestRevision: true, percent: 100, tag: 'now' }] },
    })
    const same = await t.settled('Service', name)
    t.equal(
      same.status?.latestReadyRevisionName,
      `${name}-00001`,
      'the revision of the same template',
    )
    const containers = [{ image: t.target.image, env: [{ name: 'COLOUR', value: 'red' }] }]
    await t.kube.patch('Service', name, { spec: { template: { spec: { containers } } } })
    const changed = await t.settled('Service', name)
    const revision = await t.kube.get('Revision', changed.status?.latestReadyRevisionName ?? '')
    t.equal(at(revision, 'spec.containers.0.env.0.value'), 'red', 'what it was made from')
    t.equal((await report()).env.COLOUR, 'red', 'who answers')
  },
}
