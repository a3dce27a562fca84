import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 38,
  level: 'must',
  source: 'serving-api',
  title: 'no two Routes have the same host',
  test: async t => {
    const [one, other] = await Promise.all([t.shared(), t.probe()])
    t.ok(one.url !== other.url, 'the urls must differ')
    t.equal((await one.report()).env.K_SERVICE, one.name, 'who answers the first host')
    t.equal((await other.report()).env.K_SERVICE, other.name, 'who answers the second')
  },
}
