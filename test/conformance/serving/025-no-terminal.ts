import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 25,
  level: 'should',
  source: 'runtime-contract',
  title: 'a terminal and kernel settings are refused',
  test: async t => {
    await t.refused(t.apply({ container: { tty: true } }), /must not set.*tty/, 'a terminal')
    const securityContext = { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] }
    await t.refused(t.apply({ pod: { securityContext } }), /must not set/, 'a kernel setting')
  },
}
