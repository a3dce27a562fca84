import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 46,
  level: 'must',
  source: 'serving-api',
  title: 'a tag has a url of its own, which contains it',
  test: async t => {
    const { name } = await t.probe({ env: { COLOUR: 'teal' } })
    const containers = [{ image: t.target.image, env: [{ name: 'COLOUR', value: 'red' }] }]
    const traffic = [
      { latestRevision: true, percent: 100 },
      { revisionName: `${name}-00001`, tag: 'old' },
    ]
    await t.kube.patch('Service', name, { spec: { template: { spec: { containers } }, traffic } })
    const service = await t.settled('Service', name)
    const url = service.status?.traffic?.find(({ tag }) => tag === 'old')?.url
    t.match(url, /old/, 'the url of the tag')
    const status = { ...service.status, ...(url !== undefined && { url }) }
    t.equal((await t.toProbe({ ...service, status }).report()).env.COLOUR, 'teal', 'who answers it')
    t.equal((await t.toProbe(service).report()).env.COLOUR, 'red', 'who answers the Service')
  },
}
