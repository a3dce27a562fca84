import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 60,
  level: 'must',
  source: 'control-plane',
  title: 'the Broker of a Trigger does not change',
  test: async t => {
    const { metadata } = await t.trigger(await t.broker(), {
      subscriber: { uri: 'http://example.com/' },
    })
    const change = t.kube.patch('Trigger', metadata.name, { spec: { broker: 'other' } })
    await t.refused(change, /Immutable fields changed/, 'another Broker')
  },
}
