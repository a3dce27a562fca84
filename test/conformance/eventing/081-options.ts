import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 81,
  level: 'may',
  source: 'data-plane',
  title: 'OPTIONS tells that events are taken by POST',
  test: async t => {
    const broker = await t.broker()
    const headers = { 'webhook-request-origin': 'example.com' }
    const reply = await t.send(broker.url, { method: 'OPTIONS', headers })
    t.match(reply.status, /^2/, 'the answer')
    t.match(reply.headers.allow, /\bPOST\b/, 'Allow')
  },
}
