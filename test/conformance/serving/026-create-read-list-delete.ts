import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 26,
  level: 'must',
  source: 'serving-api',
  title: 'a Service is created, read, listed and deleted',
  test: async t => {
    const { metadata } = await t.apply()
    const { name } = metadata
    t.equal((await t.kube.get('Service', name)).metadata.uid, metadata.uid, 'the uid')
    const names = async () => (await t.kube.list('Service')).map(each => each.metadata.name)
    t.ok((await names()).includes(name), 'the list must hold it')
    await t.kube.remove('Service', name)
    await t.until('it is gone', async () => (await t.kube.find('Service', name)) === undefined)
    t.ok(!(await names()).includes(name), 'the list must not hold it any more')
  },
}
