import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 67,
  level: 'must',
  source: 'control-plane',
  title: 'a uri beside a ref is taken relative to it',
  test: async t => {
    const sink = await t.sink()
    const { host, pathname } = new URL(sink.uri)
    const ref = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: host.split('.')[0] }
    const broker = await t.broker()
    const { status } = await t.trigger(broker, { subscriber: { ref, uri: pathname } })
    t.equal(status?.subscriberUri, sink.uri, 'subscriberUri')
    await t.publish(broker.url)
    t.equal((await sink.waitFor(1)).length, 1, 'how many came')
  },
}
