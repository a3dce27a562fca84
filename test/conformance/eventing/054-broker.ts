import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 54,
  level: 'must',
  source: 'control-plane',
  title: 'a ready Broker has an address, and passes events to each ready Trigger',
  test: async t => {
    const sinks = [await t.sink(), await t.sink()]
    const broker = await t.broker()
    t.match(broker.url, /^https?:\/\//, 'the address')
    for (const { uri } of sinks) await t.trigger(broker, { subscriber: { uri } })
    t.equal((await t.publish(broker.url)).status, 202, 'the answer')
    for (const sink of sinks) t.equal((await sink.waitFor(1)).length, 1, 'how many came')
  },
}
