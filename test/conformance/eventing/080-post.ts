import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 80,
  level: 'must',
  source: 'data-plane',
  title: 'an event is delivered by POST',
  test: async t => {
    const sink = await t.sink()
    const broker = await t.broker()
    await t.trigger(broker, { subscriber: { uri: sink.uri } })
    await t.publish(broker.url)
    const [event] = await sink.waitFor(1)
    t.equal([event?.method, event?.headers['ce-specversion']], ['POST', '1.0'], 'what came')
  },
}
