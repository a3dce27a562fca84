import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 21,
  level: 'must',
  source: 'runtime-contract',
  title: 'a process is asked by SIGTERM to end',
  test: async t => {
    const sink = await t.sink()
    const probe = await t.probe({ env: { PROBE_TELL: sink.uri } })
    await t.kube.remove('Service', probe.name)
    const told = await sink.waitFor(2, 60_000)
    t.match(told.at(-1)?.body, /"SIGTERM"/, 'what the process told last')
  },
}
