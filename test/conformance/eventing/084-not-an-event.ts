import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 84,
  level: 'must',
  source: 'data-plane',
  title: 'a 2xx with something that is no event is tried again, as the implementation has it',
  test: async t => {
    const answer = { headers: { 'content-type': 'application/json' }, body: '{"ok":true}' }
    const [sink, dead] = [await t.sink(answer), await t.sink()]
    const broker = await t.broker()
    const delivery = {
      ...{ retry: 1, backoffPolicy: 'linear', backoffDelay: 'PT0.05S' },
      deadLetterSink: { uri: dead.uri },
    }
    await t.trigger(broker, { subscriber: { uri: sink.uri }, delivery })
    await t.publish(broker.url)
    const [letter] = await dead.waitFor(1)
    t.equal(letter?.headers['ce-knativeerrorcode'], '502', 'knativeerrorcode')
    t.equal((await sink.received()).length, 2, 'how many tries there were')
  },
}
