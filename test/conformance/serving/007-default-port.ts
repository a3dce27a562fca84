import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 7,
  level: 'must',
  source: 'runtime-contract',
  title: 'without a declared port there is one, and requests come to it',
  emulator: {
    parity: 'approximated',
    note: 'processes share one machine, so PORT is a free port instead of 8080 or the declared one',
  },
  test: async t => {
    const probe = await t.shared()
    const { env, port } = await probe.report()
    t.equal(env.PORT, String(port), 'PORT')
  },
}
