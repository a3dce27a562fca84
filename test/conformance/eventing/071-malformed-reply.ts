import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 71,
  level: 'must',
  source: 'control-plane',
  title: 'a reply that is no valid event is a failed delivery',
  test: async t => {
    const headers = { 'ce-specversion': '1.0', 'ce-source': '/r', 'ce-type': 'reply' }
    const [sink, dead] = [await t.sink({ headers }), await t.sink()]
    const broker = await t.broker()
    const delivery = { retry: 0, deadLetterSink: { uri: dead.uri } }
    await t.trigger(broker, { subscriber: { uri: sink.uri }, delivery })
    await t.publish(broker.url)
    const [letter] = await dead.waitFor(1)
    t.equal(letter?.headers['ce-knativeerrorcode'], '502', 'knativeerrorcode')
  },
}
