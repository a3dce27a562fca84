import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 2,
  level: 'must',
  source: 'runtime-contract',
  title: 'what a failing process says is in a log that the developer can read',
  test: async t => {
    const { metadata } = await t.apply({ env: { PROBE_EXIT: '5' } })
    await t.until('its last words are in the log', async () =>
      (await t.target.logs(metadata.name)).includes('the probe gives up'),
    )
  },
}
