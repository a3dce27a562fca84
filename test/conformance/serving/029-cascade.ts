import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 29,
  level: 'must',
  source: 'serving-api',
  title: 'what a Service made goes with it',
  test: async t => {
    const { name } = await t.probe()
    await t.kube.remove('Service', name)
    for (const [kind, made] of [
      ['Route', name],
      ['Configuration', name],
      ['Revision', `${name}-00001`],
    ] as const) {
      await t.until(`the ${kind} is gone`, async () => !(await t.kube.find(kind, made)), 60_000)
    }
  },
}
