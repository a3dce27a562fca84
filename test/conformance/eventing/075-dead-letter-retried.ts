import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 75,
  level: 'should',
  source: 'control-plane',
  title: 'a delivery to the dead letter sink is tried again',
  test: async t => {
    const [sink, dead] = [await t.sink({ status: 500 }), await t.sink({ status: 503 }, {})]
    const broker = await t.broker()
    const delivery = {
      ...{ retry: 2, backoffPolicy: 'linear', backoffDelay: 'PT0.05S' },
      deadLetterSink: { uri: dead.uri },
    }
    await t.trigger(broker, { subscriber: { uri: sink.uri }, delivery })
    await t.publish(broker.url)
    await dead.waitFor(2)
    t.equal((await dead.steady()).length, 2, 'how many tries there were')
  },
}
