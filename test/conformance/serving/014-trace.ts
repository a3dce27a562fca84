import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 14,
  level: 'should',
  source: 'runtime-contract',
  title: 'the trace of the client reaches the process',
  test: async t => {
    const probe = await t.shared()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { headers } = await probe.report('/report', { headers: { traceparent } })
    t.match(headers.traceparent, /^00-0af7651916cd43dd8448eb211c80319c-/, 'traceparent')
  },
}
