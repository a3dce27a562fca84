import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 43,
  level: 'must',
  source: 'serving-api',
  title: 'a container starts in the directory that the Service gives',
  test: async t => {
    const probe = await t.probe({ container: { workingDir: '/tmp' } })
    t.equal((await probe.report()).cwd, '/tmp', 'the directory')
  },
}
