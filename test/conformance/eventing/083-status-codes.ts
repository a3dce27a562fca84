import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 83,
  level: 'must',
  source: 'data-plane',
  title: 'the status code says whether an event was taken',
  test: async t => {
    const { url } = await t.broker()
    t.equal((await t.publish(url)).status, 202, 'an event')
    t.equal((await t.publish(url, { type: '' })).status, 400, 'one without a type')
    t.equal((await t.publish(`${url}-missing`)).status, 404, 'one to a Broker that is not there')
    t.equal((await t.send(url)).status, 405, 'a GET')
  },
}
