import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 85,
  level: 'must',
  source: 'data-plane',
  title: 'an event that comes twice is taken twice',
  test: async t => {
    const sink = await t.sink()
    const broker = await t.broker()
    await t.trigger(broker, { subscriber: { uri: sink.uri } })
    const statuses = []
    for (let sent = 0; sent < 2; sent++) {
      statuses.push((await t.publish(broker.url, { id: 'same' })).status)
    }
    t.equal(statuses, [202, 202], 'the answers')
    t.equal((await sink.waitFor(1))[0]?.headers['ce-id'], 'same', 'what came')
  },
}
