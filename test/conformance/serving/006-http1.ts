import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 6,
  level: 'must',
  source: 'runtime-contract',
  title: 'a process is spoken to in HTTP/1.1',
  test: async t => {
    const probe = await t.shared()
    t.equal((await probe.report()).httpVersion, '1.1', 'the version that the process sees')
  },
}
