import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 28,
  level: 'must',
  source: 'serving-api',
  title: 'a Route and a Configuration are read and listed',
  test: async t => {
    const { name } = await t.shared()
    for (const kind of ['Route', 'Configuration'] as const) {
      t.equal((await t.kube.get(kind, name)).metadata.name, name, `the ${kind} that is read`)
      const names = (await t.kube.list(kind)).map(({ metadata }) => metadata.name)
      t.ok(names.includes(name), `the list of each ${kind} must hold it`)
    }
  },
}
