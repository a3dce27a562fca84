import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 69,
  level: 'must',
  source: 'control-plane',
  title: 'each matching Trigger gets an event once, also when two have one destination',
  test: async t => {
    const [sink, other] = [await t.sink(), await t.sink()]
    const broker = await t.broker()
    for (let made = 0; made < 2; made++) await t.trigger(broker, { subscriber: { uri: sink.uri } })
    const filter = { attributes: { type: 'other' } }
    await t.trigger(broker, { subscriber: { uri: other.uri }, filter })
    await t.publish(broker.url)
    await sink.waitFor(2)
    t.equal((await sink.steady()).length, 2, 'how many came to the destination of two')
    t.equal((await other.received()).length, 0, 'how many came where the filter does not match')
  },
}
