import type { Rule } from '../rule.ts'
import type { Fields } from '../target/resource.ts'

export const rule: Rule = {
  item: 28,
  level: 'must',
  source: 'serving-api',
  title: 'Routes and Configurations can both be created, or neither',
  test: async t => {
    const name = t.name()
    const containers = [{ image: t.target.image }]
    const isTaken = async (kind: 'Route' | 'Configuration', spec: Fields) =>
      t.kube.create(kind, { metadata: { name }, spec }).then(
        () => true,
        () => false,
      )
    const route = { traffic: [{ configurationName: name, percent: 100 }] }
    const configuration = await isTaken('Configuration', { template: { spec: { containers } } })
    t.equal(await isTaken('Route', route), configuration, 'whether a Route is taken')
  },
}
