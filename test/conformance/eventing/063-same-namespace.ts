import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 63,
  level: 'must',
  source: 'control-plane',
  title: 'a Subscription and its channel share a namespace',
  test: async t => {
    const channel = { apiVersion: 'messaging.knative.dev/v1', kind: 'Channel', name: 'any' }
    const spec = {
      channel: { ...channel, namespace: 'other' },
      subscriber: { uri: 'http://example.com/' },
    }
    const asked = t.kube.create('Subscription', {
      metadata: { name: t.name('subscription') },
      spec,
    })
    await t.refused(asked, /namespace|only name, apiVersion and kind/i, 'a channel elsewhere')
  },
}
