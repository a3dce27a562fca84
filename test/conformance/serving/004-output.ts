import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 4,
  level: 'should',
  source: 'runtime-contract',
  title: 'stdout and stderr are collected',
  test: async t => {
    const probe = await t.shared()
    await probe.request('/log/teal')
    await t.until('both lines are in the log', async () => {
      const text = await t.target.logs(probe.name)
      return text.includes('stdout says teal') && text.includes('stderr says teal')
    })
  },
}
