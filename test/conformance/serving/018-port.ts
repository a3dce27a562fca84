import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 18,
  level: 'must',
  source: 'runtime-contract',
  title: 'PORT is where requests come to',
  emulator: {
    parity: 'approximated',
    note: 'processes share one machine, so PORT is a free port instead of 8080 or the declared one',
  },
  test: async t => {
    const probe = await t.probe({ container: { ports: [{ containerPort: 9123 }] } })
    const { env, port } = await probe.report()
    t.equal(env.PORT, String(port), 'PORT')
  },
}
