import { createKillableBroker } from '../killable-broker.ts'
import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 68,
  level: 'must',
  source: 'control-plane',
  title: 'an event that a Broker took is delivered although the Broker was killed since',
  notOnCluster: 'it ends the broker by force',
  test: async t => {
    const broker = await createKillableBroker()
    try {
      const headers = { 'ce-specversion': '1.0', 'ce-id': 'kept', 'ce-source': '/', 'ce-type': 'x' }
      const { status } = await fetch(await broker.start(), { method: 'POST', headers })
      await broker.kill()
      t.equal(status, 202, 'the answer')
      t.equal(broker.taken(), [], 'what was delivered before')
      broker.answer(200)
      await broker.start()
      await t.until('it is delivered', async () => broker.taken().includes('kept'))
    } finally {
      await broker.close()
    }
  },
}
