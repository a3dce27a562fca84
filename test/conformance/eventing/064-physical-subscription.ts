import type { Rule } from '../rule.ts'
import { at } from '../target/resource.ts'

export const rule: Rule = {
  item: 64,
  level: 'must',
  source: 'control-plane',
  title: 'a ready Subscription tells where it sends to',
  test: async t => {
    const name = t.name('channel')
    const { uri } = await t.sink()
    await t.kube.create('Channel', { metadata: { name }, spec: {} })
    const channel = { apiVersion: 'messaging.knative.dev/v1', kind: 'Channel', name }
    const spec = { channel, subscriber: { uri }, reply: { uri: `${uri}-reply` } }
    await t.kube.create('Subscription', { metadata: { name }, spec })
    const { status } = await t.settled('Subscription', name)
    t.equal(at(status, 'physicalSubscription.subscriberUri'), uri, 'the subscriber')
    t.equal(at(status, 'physicalSubscription.replyUri'), `${uri}-reply`, 'the reply')
  },
}
