import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 90,
  level: 'may',
  source: 'data-plane',
  title: 'the trace of the sender goes on at the subscriber',
  test: async t => {
    const sink = await t.sink()
    const broker = await t.broker()
    await t.trigger(broker, { subscriber: { uri: sink.uri } })
    const trace = '0af7651916cd43dd8448eb211c80319c'
    await t.send(broker.url, {
      method: 'POST',
      headers: {
        ...{ 'ce-specversion': '1.0', 'ce-id': 't', 'ce-source': '/t', 'ce-type': 't' },
        traceparent: `00-${trace}-b7ad6b7169203331-01`,
      },
    })
    t.match(
      (await sink.waitFor(1))[0]?.headers.traceparent,
      new RegExp(`^00-${trace}-`),
      'traceparent',
    )
  },
}
