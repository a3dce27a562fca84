import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 43,
  level: 'must',
  source: 'serving-api',
  title: 'a container has the args that the Service gives',
  test: async t => {
    const probe = await t.probe({ container: { args: ['--colour', 'dark teal'] } })
    t.equal((await probe.report()).argv, ['--colour', 'dark teal'], 'the arguments')
  },
}
