import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 77,
  level: 'must',
  source: 'control-plane',
  title: 'an empty value in a filter matches any value of an attribute that is there',
  test: async t => {
    const broker = await t.broker()
    const sink = await t.sink()
    const filter = { attributes: { colour: '' } }
    await t.trigger(broker, { subscriber: { uri: sink.uri }, filter })
    await t.publish(broker.url)
    await t.publish(broker.url, { colour: 'teal' })
    await sink.waitFor(1)
    const colours = (await sink.steady()).map(each => each.headers['ce-colour'])
    t.equal(colours, ['teal'], 'what came')
  },
}
