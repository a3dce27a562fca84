import type { Rule } from '../rule.ts'
import { toZero } from '../to-zero.ts'

export const rule: Rule = {
  item: 41,
  level: 'should',
  source: 'serving-api',
  title: 'a request that waits for a process goes to the Revision that was first chosen',
  timed: true,
  test: async t => {
    const annotations = { window: '6s' }
    const probe = await t.probe({ env: { PROBE_START_MS: '1500' }, annotations })
    const { name } = probe
    const to = (revisionName: string) => ({ traffic: [{ revisionName, percent: 100 }] })
    const containers = [{ image: t.target.image, env: [] }]
    const second = { ...to(`${name}-00001`), template: { spec: { containers } } }
    await t.kube.patch('Service', name, { spec: second })
    await t.settled('Service', name)
    await toZero(t, `${name}-00001`)
    const waiting = probe.report()
    await t.until('a process starts for it', async () => {
      const { status } = await t.kube.get('Revision', `${name}-00001`)
      return status?.desiredReplicas === 1
    })
    await t.kube.patch('Service', name, { spec: to(`${name}-00002`) })
    await t.until(
      'the new one answers',
      async () => (await probe.report()).env.K_REVISION === `${name}-00002`,
    )
    t.equal((await waiting).env.K_REVISION, `${name}-00001`, 'who answered the first request')
  },
}
