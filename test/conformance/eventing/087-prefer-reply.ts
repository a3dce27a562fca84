import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 87,
  level: 'must',
  source: 'data-plane',
  title: 'a subscriber is told that its reply is welcome',
  test: async t => {
    const sink = await t.sink()
    const broker = await t.broker()
    await t.trigger(broker, { subscriber: { uri: sink.uri } })
    await t.publish(broker.url)
    t.equal((await sink.waitFor(1))[0]?.headers.prefer, 'reply', 'Prefer')
  },
}
