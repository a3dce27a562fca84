import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 9,
  level: 'must',
  source: 'runtime-contract',
  title: 'a port is named http1 or h2c',
  test: async t => {
    for (const name of ['http1', '']) {
      const ports = [{ containerPort: 8080, name }]
      t.ok((await t.apply({ container: { ports } })) !== undefined, `a port named "${name}"`)
    }
    const ports = [{ containerPort: 8080, name: 'grpc' }]
    await t.refused(t.apply({ container: { ports } }), /invalid|not allowed/, 'a port named grpc')
  },
}
