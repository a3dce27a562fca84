import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 74,
  level: 'must',
  source: 'control-plane',
  title: 'a delivery that fails is tried again',
  test: async t => {
    const sink = await t.sink({ status: 500 }, { status: 503 }, { status: 200 })
    const broker = await t.broker()
    const delivery = { retry: 3, backoffPolicy: 'linear', backoffDelay: 'PT0.05S' }
    await t.trigger(broker, { subscriber: { uri: sink.uri }, delivery })
    await t.publish(broker.url)
    const tries = await sink.waitFor(3)
    t.equal(new Set(tries.map(each => each.headers['ce-id'])).size, 1, 'how many events it were')
    t.equal((await sink.steady()).length, 3, 'how many tries there were')
  },
}
