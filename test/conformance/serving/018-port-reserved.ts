import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 18,
  level: 'must',
  source: 'runtime-contract',
  title: 'nobody sets PORT but the platform',
  test: async t => {
    await t.refused(t.apply({ env: { PORT: '80' } }), /"PORT" is a reserved environment/, 'PORT')
  },
}
