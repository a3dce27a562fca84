import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 89,
  level: 'should',
  source: 'data-plane',
  title: 'an event that nobody asked for is not a reply',
  test: async t => {
    const [sink, dead, late] = [
      await t.sink({ status: 400 }),
      await t.sink({ echo: true }),
      await t.sink(),
    ]
    const broker = await t.broker()
    const delivery = { deadLetterSink: { uri: dead.uri } }
    const filter = { attributes: { source: '/conformance' } }
    await t.trigger(broker, { subscriber: { uri: sink.uri }, filter, delivery })
    const errors = { attributes: { knativeerrorcode: '' } }
    await t.trigger(broker, { subscriber: { uri: late.uri }, filter: errors })
    await t.publish(broker.url)
    const [letter] = await dead.waitFor(1)
    t.equal(letter?.headers.prefer, undefined, 'Prefer of the dead letter')
    await dead.steady()
    t.equal(
      (await late.received()).length,
      0,
      'how many answers of the dead letter sink were events',
    )
  },
}
