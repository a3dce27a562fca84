import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 17,
  level: 'should',
  source: 'runtime-contract',
  title: 'a new revision starts one process before there is any request',
  test: async t => {
    const sink = await t.sink()
    await t.apply({ env: { PROBE_TELL: sink.uri } })
    const [first] = await sink.waitFor(1)
    t.match(first?.body, /"started"/, 'what the process told')
  },
}
