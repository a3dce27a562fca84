import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 59,
  level: 'must',
  source: 'control-plane',
  title: 'a Trigger without a dead letter sink has that of its Broker',
  test: async t => {
    const { uri } = await t.sink()
    const broker = await t.broker({ delivery: { deadLetterSink: { uri: `${uri}-dead` } } })
    const { status } = await t.trigger(broker, { subscriber: { uri } })
    t.equal(status?.deadLetterSinkUri, `${uri}-dead`, 'deadLetterSinkUri')
  },
}
