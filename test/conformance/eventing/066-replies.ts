import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 66,
  level: 'must',
  source: 'control-plane',
  title: 'the reply to a Channel goes to the reply of its Subscription, or nowhere',
  test: async t => {
    const [channel, replies] = [t.name('channel'), await t.sink()]
    const made = await t.kube.create('Channel', { metadata: { name: channel }, spec: {} })
    const subscribers = [await t.sink({ echo: true }), await t.sink({ echo: true })]
    const ref = { apiVersion: made.apiVersion, kind: made.kind, name: channel }
    for (const [index, { uri }] of subscribers.entries()) {
      const name = t.name('subscription')
      const reply = index === 0 && { reply: { uri: replies.uri } }
      const spec = { channel: ref, subscriber: { uri }, ...reply }
      await t.kube.create('Subscription', { metadata: { name }, spec })
      await t.settled('Subscription', name)
    }
    const { status } = await t.settled('Channel', channel)
    await t.publish(status?.address?.url ?? '')
    for (const sink of subscribers) await sink.waitFor(1)
    await replies.waitFor(1)
    t.equal((await replies.steady()).length, 1, 'how many replies came')
  },
}
