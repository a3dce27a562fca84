import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 82,
  level: 'should',
  source: 'data-plane',
  title: 'an offer to speak another protocol is ignored',
  test: async t => {
    const broker = await t.broker()
    const event = { 'ce-specversion': '1.0', 'ce-id': 'u', 'ce-source': '/u', 'ce-type': 'u' }
    const headers = { ...event, connection: 'Upgrade', upgrade: 'teal/1.0' }
    t.equal((await t.send(broker.url, { method: 'POST', headers })).status, 202, 'the answer')
  },
}
