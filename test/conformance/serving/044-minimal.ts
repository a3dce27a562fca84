import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 44,
  level: 'must',
  source: 'serving-api',
  title: 'a Service needs no more than an image',
  test: async t => {
    const spec = { template: { spec: { containers: [{ image: t.target.image }] } } }
    const metadata = { name: t.name(), annotations: t.target.annotations }
    await t.kube.create('Service', { metadata, spec })
    const probe = t.toProbe(await t.settled('Service', metadata.name))
    t.equal((await probe.report()).env.K_SERVICE, metadata.name, 'who answers')
  },
}
