import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 1,
  level: 'must',
  source: 'runtime-contract',
  title: 'a process that handles a request is never stopped for being idle',
  timed: true,
  test: async t => {
    const probe = await t.probe({ annotations: { window: '6s', 'max-scale': '1' } })
    const held = probe.report('/hold/a', { timeoutMs: 300_000 })
    const { instance } = await t.until('the request runs', async () => {
      const report = await probe.report()
      return report.running > 1 && report
    })
    await t.passTime(100_000)
    await probe.request('/release/a')
    t.equal((await held).instance, instance, 'the process that answers long after the window')
  },
}
