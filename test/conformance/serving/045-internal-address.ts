import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 45,
  level: 'must',
  source: 'serving-api',
  title: 'a Service answers at address.url from inside',
  test: async t => {
    const { name, resource } = await t.shared()
    const reply = await t.send(`${resource.status?.address?.url}/report`)
    t.equal(
      (JSON.parse(reply.text) as { env: { K_SERVICE: string } }).env.K_SERVICE,
      name,
      'who answers',
    )
  },
}
