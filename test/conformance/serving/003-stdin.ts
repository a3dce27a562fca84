import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 3,
  level: 'should',
  source: 'runtime-contract',
  title: 'reading stdin meets its end',
  test: async t => {
    const probe = await t.shared()
    const report = await t.until('stdin has ended', async () => {
      const { stdin } = await probe.report()
      return stdin !== 'open' && stdin
    })
    t.equal(report, 'eof', 'what stdin said')
  },
}
