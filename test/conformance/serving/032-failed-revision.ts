import type { Rule } from '../rule.ts'
import { conditionOf } from '../target/resource.ts'

export const rule: Rule = {
  item: 32,
  level: 'must',
  source: 'serving-api',
  title: 'a Configuration whose new Revision fails is not ready, and the old one serves on',
  test: async t => {
    const probe = await t.probe({ env: { COLOUR: 'teal' } })
    const containers = [{ image: t.target.image, env: [{ name: 'PROBE_EXIT', value: '5' }] }]
    const metadata = { annotations: { 'serving.knative.dev/progress-deadline': '4s' } }
    await t.kube.patch('Service', probe.name, {
      spec: { template: { metadata, spec: { containers } } },
    })
    const failed = await t.settled('Configuration', probe.name, 'False')
    t.equal(conditionOf(failed)?.reason, 'RevisionFailed', 'the reason')
    t.equal(failed.status?.latestReadyRevisionName, `${probe.name}-00001`, 'the latest ready')
    t.equal((await probe.report()).env.COLOUR, 'teal', 'who answers')
  },
}
