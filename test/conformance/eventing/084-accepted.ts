import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 84,
  level: 'must',
  source: 'data-plane',
  title: 'any 2xx without an event is an end',
  test: async t => {
    const broker = await t.broker()
    const dead = await t.sink()
    const delivery = {
      ...{ retry: 2, backoffPolicy: 'linear', backoffDelay: 'PT0.05S' },
      deadLetterSink: { uri: dead.uri },
    }
    const sinks = await Promise.all([200, 201, 202, 204].map(status => t.sink({ status })))
    for (const { uri } of sinks) await t.trigger(broker, { subscriber: { uri }, delivery })
    await t.publish(broker.url)
    for (const sink of sinks) await sink.waitFor(1)
    await dead.steady()
    for (const sink of sinks)
      t.equal((await sink.received()).length, 1, 'how many tries there were')
    t.equal((await dead.received()).length, 0, 'how many dead letters there were')
  },
}
