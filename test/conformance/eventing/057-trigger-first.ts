import type { Rule } from '../rule.ts'
import { conditionOf } from '../target/resource.ts'

export const rule: Rule = {
  item: 57,
  level: 'must',
  source: 'control-plane',
  title: 'a Trigger may be there before its Broker, and is not ready until then',
  test: async t => {
    const [name, broker] = [t.name('trigger'), t.name('broker')]
    const spec = { broker, subscriber: { uri: (await t.sink()).uri } }
    await t.kube.create('Trigger', { metadata: { name }, spec })
    const early = await t.settled('Trigger', name, 'False')
    t.equal(conditionOf(early)?.reason, 'BrokerDoesNotExist', 'the reason')
    await t.kube.create('Broker', { metadata: { name: broker }, spec: {} })
    t.equal(conditionOf(await t.settled('Trigger', name))?.status, 'True', 'Ready with its Broker')
  },
}
