import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 60,
  level: 'should',
  source: 'control-plane',
  title: 'subscriber and filter of a Trigger change',
  test: async t => {
    const [before, after] = [await t.sink(), await t.sink()]
    const broker = await t.broker()
    const { metadata } = await t.trigger(broker, {
      subscriber: { uri: before.uri },
      filter: { attributes: { type: 'other' } },
    })
    const spec = { subscriber: { uri: after.uri }, filter: { attributes: { type: 'conformance' } } }
    await t.kube.patch('Trigger', metadata.name, { spec })
    await t.settled('Trigger', metadata.name)
    await t.publish(broker.url)
    t.equal((await after.waitFor(1)).length, 1, 'how many came to the new subscriber')
    t.equal((await before.received()).length, 0, 'how many came to the old one')
  },
}
