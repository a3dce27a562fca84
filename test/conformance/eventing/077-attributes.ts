import type { Rule } from '../rule.ts'
import type { Fields } from '../target/resource.ts'

export const rule: Rule = {
  item: 77,
  level: 'must',
  source: 'control-plane',
  title: 'a filter matches when all its attributes are there and equal',
  test: async t => {
    const broker = await t.broker()
    const subscribe = async (attributes: Fields) => {
      const sink = await t.sink()
      await t.trigger(broker, { subscriber: { uri: sink.uri }, filter: { attributes } })
      return sink
    }
    const all = await subscribe({ type: 'conformance', colour: 'teal' })
    const others = [
      await subscribe({ type: 'conformance', colour: 'Teal' }),
      await subscribe({ type: 'conformance', colour: 'teal', shape: 'round' }),
    ]
    await t.publish(broker.url, { colour: 'teal' })
    await all.waitFor(1)
    t.equal((await all.steady()).length, 1, 'how many came where all is equal')
    for (const other of others)
      t.equal((await other.received()).length, 0, 'how many came elsewhere')
  },
}
