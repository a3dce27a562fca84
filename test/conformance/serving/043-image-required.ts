import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 43,
  level: 'must',
  source: 'serving-api',
  title: 'a container without an image is refused',
  test: async t => {
    const asked = t.apply({ container: { image: undefined } })
    await t.refused(asked, /missing field\(s\): .*image/, 'a container without an image')
  },
}
