import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 84,
  level: 'must',
  source: 'data-plane',
  title: '400, 401, 403 and other 4xx are not tried again',
  test: async t => {
    const broker = await t.broker()
    const dead = await t.sink()
    const delivery = {
      ...{ retry: 2, backoffPolicy: 'linear', backoffDelay: 'PT0.05S' },
      deadLetterSink: { uri: dead.uri },
    }
    const codes = [400, 401, 403, 410, 422]
    const sinks = await Promise.all(codes.map(status => t.sink({ status })))
    for (const { uri } of sinks) await t.trigger(broker, { subscriber: { uri }, delivery })
    await t.publish(broker.url)
    const letters = await dead.waitFor(codes.length)
    const told = letters.map(each => Number(each.headers['ce-knativeerrorcode'])).toSorted()
    t.equal(told, codes, 'the codes of the dead letters')
    for (const sink of sinks) t.equal((await sink.steady()).length, 1, 'how many tries there were')
  },
}
