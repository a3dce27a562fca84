import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 12,
  level: 'must',
  source: 'runtime-contract',
  title: 'Forwarded says who asked for which host',
  test: async t => {
    const probe = await t.shared()
    const { headers } = await probe.report()
    t.match(headers.forwarded, /for=["[\]\da-f.:]+/i, 'Forwarded')
    t.match(headers.forwarded, /proto=https?/i, 'Forwarded')
  },
}
