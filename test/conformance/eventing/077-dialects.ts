import type { Rule } from '../rule.ts'
import type { Fields } from '../target/resource.ts'

export const rule: Rule = {
  item: 77,
  level: 'should',
  source: 'control-plane',
  title: 'filters in each dialect decide, and override the filter beside them',
  test: async t => {
    const broker = await t.broker()
    const type = { type: 'conformance' }
    const matching: Fields[] = [
      { exact: type },
      { prefix: { type: 'conf' } },
      { suffix: { type: 'ance' } },
      { all: [{ exact: type }, { prefix: { colour: 'te' } }] },
      { any: [{ exact: { type: 'other' } }, { exact: type }] },
      { not: { exact: { type: 'other' } } },
      { cesql: "type = 'conformance' AND colour LIKE 't%'" },
    ]
    const subscribe = async (filter: Fields) => {
      const sink = await t.sink()
      const filters = { filters: [filter], filter: { attributes: { type: 'other' } } }
      await t.trigger(broker, { subscriber: { uri: sink.uri }, ...filters })
      return sink
    }
    const yes = await Promise.all(matching.map(subscribe))
    const no = await Promise.all(matching.map(filter => subscribe({ not: filter })))
    await t.publish(broker.url, { colour: 'teal' })
    for (const sink of yes) t.equal((await sink.waitFor(1)).length, 1, 'how many came')
    await no[0]?.steady()
    for (const sink of no)
      t.equal((await sink.received()).length, 0, 'how many came to its opposite')
  },
}
