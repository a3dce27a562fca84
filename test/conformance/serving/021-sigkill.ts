import { setTimeout as pause } from 'node:timers/promises'
import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 21,
  level: 'must',
  source: 'runtime-contract',
  title: 'a process that stays after SIGTERM is killed when its time is over',
  test: async t => {
    const sink = await t.sink()
    const env = { PROBE_TELL: sink.uri, PROBE_STUBBORN: '1' }
    const probe = await t.probe({ env, pod: { timeoutSeconds: 1 } })
    await t.kube.remove('Service', probe.name)
    await sink.waitFor(3, 60_000)
    await t.until('it tells nothing more', async () => {
      const before = (await sink.received()).length
      await pause(500)
      return (await sink.received()).length === before
    })
  },
}
