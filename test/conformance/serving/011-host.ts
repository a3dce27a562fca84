import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 11,
  level: 'must',
  source: 'runtime-contract',
  title: 'Host is the one that the client asked for',
  test: async t => {
    const probe = await t.shared()
    const { headers } = await probe.report()
    t.equal(headers.host ?? headers[':authority'], new URL(probe.url).host, 'Host')
  },
}
