import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 55,
  level: 'must',
  source: 'control-plane',
  title: 'a Broker whose dead letter sink is not there is not ready',
  test: async t => {
    const name = t.name('broker')
    const ref = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: t.name('missing') }
    const spec = { delivery: { deadLetterSink: { ref } } }
    await t.kube.create('Broker', { metadata: { name }, spec })
    const { status } = await t.settled('Broker', name, 'False')
    t.equal(status?.deadLetterSinkUri, undefined, 'deadLetterSinkUri')
  },
}
