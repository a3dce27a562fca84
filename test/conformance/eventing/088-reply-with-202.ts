import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 88,
  level: 'must',
  source: 'data-plane',
  title: 'an event that comes with a 202 is a reply, as the implementation has it',
  test: async t => {
    const headers = { 'ce-specversion': '1.0', 'ce-id': 'r', 'ce-source': '/r', 'ce-type': 'reply' }
    const [origin, other] = [await t.sink({ status: 202, headers }), await t.sink()]
    const broker = await t.broker()
    const filtered = (type: string, uri: string) =>
      t.trigger(broker, { subscriber: { uri }, filter: { attributes: { type } } })
    await filtered('conformance', origin.uri)
    await filtered('reply', other.uri)
    await t.publish(broker.url)
    t.equal((await other.waitFor(1))[0]?.headers['ce-id'], 'r', 'what came')
  },
}
