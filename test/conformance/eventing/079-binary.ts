import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 79,
  level: 'must',
  source: 'data-plane',
  title: 'an event in binary mode is the same event',
  test: async t => {
    const sink = await t.sink()
    const broker = await t.broker()
    await t.trigger(broker, { subscriber: { uri: sink.uri } })
    await t.publish(broker.url, { id: 'b', source: '/%20b', colour: 'd%C3%A9j%C3%A0' }, '"é"')
    const [{ headers, body } = { headers: {}, body: '' }] = await sink.waitFor(1)
    const {
      'ce-id': id,
      'ce-source': source,
      'ce-colour': colour,
    } = headers as Record<string, string>
    t.equal([id, decodeURIComponent(source ?? '')], ['b', '/ b'], 'the attributes')
    t.equal(decodeURIComponent(colour ?? ''), 'déjà', 'an attribute beyond ASCII')
    t.equal(body, '"é"', 'the data')
  },
}
