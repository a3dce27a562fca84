import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 20,
  level: 'must',
  source: 'runtime-contract',
  title: 'a process reads and writes below /tmp',
  test: async t => {
    const probe = await t.shared()
    const path = `/write?path=/tmp/${t.name('file')}`
    t.equal(
      (await probe.request(path, { method: 'PUT', body: 'teal' })).text,
      '{"text":"teal"}',
      'what was read',
    )
  },
}
