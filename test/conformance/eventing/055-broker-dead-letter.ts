import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 55,
  level: 'must',
  source: 'control-plane',
  title: 'the dead letter sink of a Broker is resolved before it is ready',
  test: async t => {
    const { uri } = await t.sink()
    const { resource } = await t.broker({ delivery: { deadLetterSink: { uri } } })
    t.equal(resource.status?.deadLetterSinkUri, uri, 'deadLetterSinkUri')
  },
}
