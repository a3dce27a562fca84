import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 71,
  level: 'must',
  source: 'control-plane',
  title: 'a reply is an event like any other, also for the Trigger that it came from',
  test: async t => {
    const headers = { 'ce-specversion': '1.0', 'ce-id': 'r', 'ce-source': '/r', 'ce-type': 'reply' }
    const [origin, other] = [await t.sink({ headers }, {}), await t.sink()]
    const broker = await t.broker()
    await t.trigger(broker, { subscriber: { uri: origin.uri } })
    const filter = { attributes: { type: 'reply' } }
    await t.trigger(broker, { subscriber: { uri: other.uri }, filter })
    await t.publish(broker.url)
    const types = (await origin.waitFor(2)).map(each => each.headers['ce-type'])
    t.equal(types, ['conformance', 'reply'], 'what came to the Trigger that replied')
    t.equal((await other.waitFor(1))[0]?.headers['ce-id'], 'r', 'what came to the other')
  },
}
