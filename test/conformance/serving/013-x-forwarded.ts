import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 13,
  level: 'should',
  source: 'runtime-contract',
  title: 'X-Forwarded-For and X-Forwarded-Proto are set',
  test: async t => {
    const probe = await t.shared()
    const { headers } = await probe.report()
    t.match(headers['x-forwarded-for'], /^[\da-f.:, ]+$/i, 'X-Forwarded-For')
    t.equal(headers['x-forwarded-proto'], 'http', 'X-Forwarded-Proto')
  },
}
