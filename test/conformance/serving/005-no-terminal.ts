import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 5,
  level: 'should',
  source: 'runtime-contract',
  title: 'a process has no terminal',
  test: async t => {
    const probe = await t.shared()
    t.equal((await probe.report()).tty, false, 'whether one of the three streams is a terminal')
  },
}
