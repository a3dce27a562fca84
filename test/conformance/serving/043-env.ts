import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 43,
  level: 'must',
  source: 'serving-api',
  title: 'a container has the environment that the Service gives',
  test: async t => {
    const probe = await t.probe({ env: { COLOUR: 'teal', EMPTY: '' } })
    const { env } = await probe.report()
    t.equal([env.COLOUR, env.EMPTY], ['teal', ''], 'the variables')
  },
}
