import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 78,
  level: 'must',
  source: 'control-plane',
  title: 'a Trigger that has a delivery of its own does not retry as its Broker does',
  test: async t => {
    const sink = await t.sink({ status: 500 })
    const [dead, backoff] = [await t.sink(), { backoffPolicy: 'linear', backoffDelay: 'PT0.05S' }]
    const deadLetterSink = { uri: dead.uri }
    const broker = await t.broker({ delivery: { retry: 3, ...backoff, deadLetterSink } })
    await t.trigger(broker, { subscriber: { uri: sink.uri }, delivery: { timeout: 'PT5S' } })
    await t.publish(broker.url)
    await dead.waitFor(1)
    t.equal((await sink.steady()).length, 1, 'how many tries there were')
  },
}
