import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 73,
  level: 'must',
  source: 'control-plane',
  title: 'a Channel passes an event to each of its Subscriptions',
  test: async t => {
    const [channel, sinks] = [t.name('channel'), [await t.sink(), await t.sink()]]
    const made = await t.kube.create('Channel', { metadata: { name: channel }, spec: {} })
    const ref = { apiVersion: made.apiVersion, kind: made.kind, name: channel }
    for (const { uri } of sinks) {
      const name = t.name('subscription')
      const spec = { channel: ref, subscriber: { uri } }
      await t.kube.create('Subscription', { metadata: { name }, spec })
      await t.settled('Subscription', name)
    }
    const { status } = await t.settled('Channel', channel)
    await t.publish(status?.address?.url ?? '')
    for (const sink of sinks) t.equal((await sink.waitFor(1)).length, 1, 'how many came')
  },
}
