import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 79,
  level: 'must',
  source: 'data-plane',
  title: 'an event in structured mode is the same event',
  test: async t => {
    const sink = await t.sink()
    const broker = await t.broker()
    await t.trigger(broker, { subscriber: { uri: sink.uri } })
    const event = { specversion: '1.0', id: 's', source: '/s', type: 'conformance', colour: 'teal' }
    const reply = await t.send(broker.url, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({ ...event, datacontenttype: 'application/json', data: { a: 1 } }),
    })
    t.equal(reply.status, 202, 'the answer')
    const [{ headers, body } = { headers: {}, body: '' }] = await sink.waitFor(1)
    const {
      'ce-id': id,
      'ce-source': source,
      'ce-colour': colour,
    } = headers as Record<string, string>
    t.equal([id, source, colour], ['s', '/s', 'teal'], 'the attributes')
    t.equal(JSON.parse(body), { a: 1 }, 'the data')
  },
}
