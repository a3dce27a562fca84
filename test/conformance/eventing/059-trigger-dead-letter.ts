import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 59,
  level: 'must',
  source: 'control-plane',
  title: 'the dead letter sink of a Trigger is resolved before it is ready',
  test: async t => {
    const { uri } = await t.sink()
    const broker = await t.broker()
    const spec = { subscriber: { uri }, delivery: { deadLetterSink: { uri: `${uri}-dead` } } }
    const { status } = await t.trigger(broker, spec)
    t.equal(status?.deadLetterSinkUri, `${uri}-dead`, 'deadLetterSinkUri')
  },
}
