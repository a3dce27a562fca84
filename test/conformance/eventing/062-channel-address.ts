import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 62,
  level: 'must',
  source: 'control-plane',
  title: 'a ready Channel has an address that takes events',
  test: async t => {
    const name = t.name('channel')
    await t.kube.create('Channel', { metadata: { name }, spec: {} })
    const { status } = await t.settled('Channel', name)
    const url = status?.address?.url ?? ''
    t.match(url, /^https?:\/\//, 'the address')
    t.equal((await t.publish(url)).status, 202, 'the answer')
  },
}
