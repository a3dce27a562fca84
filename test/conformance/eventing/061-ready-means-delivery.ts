import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 61,
  level: 'must',
  source: 'control-plane',
  title: 'an event that comes as soon as a Trigger is ready is delivered',
  test: async t => {
    const broker = await t.broker()
    for (let round = 0; round < 3; round++) {
      const sink = await t.sink()
      await t.trigger(broker, { subscriber: { uri: sink.uri } })
      await t.publish(broker.url)
      t.equal((await sink.waitFor(1)).length, 1, 'how many came')
    }
  },
}
