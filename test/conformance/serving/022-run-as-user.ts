import type { Rule } from '../rule.ts'
import { conditionOf } from '../target/resource.ts'

export const rule: Rule = {
  item: 22,
  level: 'must',
  source: 'runtime-contract',
  title: 'a user to run as is honoured, or the process does not run',
  emulator: {
    parity: 'approximated',
    note: 'unless you are root, processes run as you whatever runAsUser says, with a warning',
  },
  test: async t => {
    const asked = t.apply({ container: { securityContext: { runAsUser: t.target.user } } })
    const name = await asked.then(({ metadata }) => metadata.name).catch(() => undefined)
    const service = await t.until('it is refused, failed or ready', async () => {
      const found = name === undefined ? undefined : await t.kube.get('Service', name)
      return found ? conditionOf(found)?.status !== 'Unknown' && { found } : { found }
    })
    if (!service.found || conditionOf(service.found)?.status === 'False') return
    t.equal((await t.toProbe(service.found).report()).uid, t.target.user, 'the user')
  },
}
