import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 75,
  level: 'must',
  source: 'control-plane',
  title: 'an event that cannot be delivered goes to the dead letter sink, with the reason',
  test: async t => {
    const [sink, dead] = [await t.sink({ status: 500, body: 'teal' }), await t.sink()]
    const broker = await t.broker()
    const delivery = {
      ...{ retry: 1, backoffPolicy: 'linear', backoffDelay: 'PT0.05S' },
      deadLetterSink: { uri: dead.uri },
    }
    await t.trigger(broker, { subscriber: { uri: sink.uri }, delivery })
    await t.publish(broker.url, {}, '{"a":1}')
    const [event] = await dead.waitFor(1)
    t.equal(event?.body, '{"a":1}', 'the data')
    t.equal(event?.headers['ce-knativeerrorcode'], '500', 'knativeerrorcode')
    t.equal(event?.headers['ce-knativeerrordest'], sink.uri, 'knativeerrordest')
    t.equal(event?.headers['ce-knativeerrordata'], btoa('teal'), 'knativeerrordata')
  },
}
