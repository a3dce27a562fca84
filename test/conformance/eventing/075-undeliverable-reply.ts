import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 75,
  level: 'must',
  source: 'control-plane',
  title: 'an event whose reply cannot be delivered goes to the dead letter sink',
  test: async t => {
    const [channel, name] = [t.name('channel'), t.name('subscription')]
    const [sink, reply, dead] = [
      await t.sink({ echo: true }),
      await t.sink({ status: 400 }),
      await t.sink(),
    ]
    const made = await t.kube.create('Channel', { metadata: { name: channel }, spec: {} })
    const { status } = await t.settled('Channel', channel)
    const spec = {
      channel: { apiVersion: made.apiVersion, kind: made.kind, name: channel },
      subscriber: { uri: sink.uri },
      reply: { uri: reply.uri },
      delivery: { deadLetterSink: { uri: dead.uri } },
    }
    await t.kube.create('Subscription', { metadata: { name }, spec })
    await t.settled('Subscription', name)
    await t.publish(status?.address?.url ?? '')
    const [letter] = await dead.waitFor(1)
    t.equal(letter?.headers['ce-knativeerrordest'], reply.uri, 'knativeerrordest')
  },
}
