import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 84,
  level: 'must',
  source: 'data-plane',
  title: '404, 408, 409, 429 and 5xx are tried again',
  test: async t => {
    const broker = await t.broker()
    const delivery = { retry: 1, backoffPolicy: 'linear', backoffDelay: 'PT0.05S' }
    const codes = [404, 408, 409, 429, 500, 503]
    const sinks = await Promise.all(codes.map(status => t.sink({ status }, { status: 200 })))
    for (const { uri } of sinks) await t.trigger(broker, { subscriber: { uri }, delivery })
    await t.publish(broker.url)
    for (const [index, sink] of sinks.entries()) {
      t.equal((await sink.waitFor(2)).length, 2, `how many tries there were after ${codes[index]}`)
    }
  },
}
