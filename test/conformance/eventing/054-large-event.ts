import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 54,
  level: 'must',
  source: 'control-plane',
  title: 'a Broker takes an event of 64 KiB, and one without data',
  test: async t => {
    const sink = await t.sink()
    const broker = await t.broker()
    await t.trigger(broker, { subscriber: { uri: sink.uri } })
    for (const body of [`"${'x'.repeat(63 * 1024)}"`, '']) {
      t.equal((await t.publish(broker.url, {}, body)).status, 202, 'the answer')
    }
    const lengths = (await sink.waitFor(2)).map(({ body }) => body.length)
    t.equal(
      lengths.toSorted((a, b) => a - b),
      [0, 63 * 1024 + 2],
      'the lengths of the data',
    )
  },
}
