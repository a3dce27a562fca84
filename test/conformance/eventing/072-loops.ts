import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 72,
  level: 'may',
  source: 'control-plane',
  title: 'a loop of replies comes to an end',
  test: async t => {
    const sink = await t.sink({ echo: true })
    const broker = await t.broker()
    await t.trigger(broker, { subscriber: { uri: sink.uri } })
    await t.publish(broker.url, { knativebrokerttl: '4' })
    await sink.waitFor(2)
    t.equal((await sink.steady()).length, 3, 'how many rounds there were')
  },
}
