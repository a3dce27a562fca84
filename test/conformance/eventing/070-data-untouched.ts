import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 70,
  level: 'must',
  source: 'control-plane',
  title: 'the data of an event is passed on as it is',
  test: async t => {
    const sink = await t.sink()
    const broker = await t.broker()
    await t.trigger(broker, { subscriber: { uri: sink.uri } })
    const body = '{"b" : 1.0,"a":"\\u00e9 é",\n "b": 2}'
    await t.publish(broker.url, { subject: 'teal', colour: 'dark' }, body)
    const [event] = await sink.waitFor(1)
    t.equal(event?.body, body, 'the data')
    t.equal(event?.headers['content-type'], 'application/json', 'its type')
    t.equal(
      [event?.headers['ce-subject'], event?.headers['ce-colour']],
      ['teal', 'dark'],
      'attributes',
    )
  },
}
