import type { Rule } from '../rule.ts'
import { conditionOf } from '../target/resource.ts'

export const rule: Rule = {
  item: 17,
  level: 'should',
  source: 'runtime-contract',
  title: 'a revision that never gets ready is marked failed',
  test: async t => {
    const annotations = { 'serving.knative.dev/progress-deadline': '4s' }
    const { metadata } = await t.apply({ env: { PROBE_EXIT: '5' }, annotations })
    await t.settled('Service', metadata.name, 'False')
    const revision = await t.settled('Revision', `${metadata.name}-00001`, 'False')
    const { reason } = conditionOf(revision) ?? {}
    t.match(reason, /^(ExitCode5|ProgressDeadlineExceeded|CrashLoopBackOff)$/, 'the reason')
  },
}
