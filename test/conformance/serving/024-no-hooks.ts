import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 24,
  level: 'should',
  source: 'runtime-contract',
  title: 'hooks of the life cycle are refused',
  test: async t => {
    const lifecycle = { preStop: { exec: { command: ['true'] } } }
    await t.refused(t.apply({ container: { lifecycle } }), /must not set.*lifecycle/, 'a hook')
  },
}
