import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 29,
  level: 'must',
  source: 'serving-api',
  title: 'what a Service makes names it as its controller',
  test: async t => {
    const { name, resource } = await t.shared()
    for (const kind of ['Route', 'Configuration'] as const) {
      const [owner] = (await t.kube.get(kind, name)).metadata.ownerReferences ?? []
      t.equal(
        [owner?.uid, owner?.controller],
        [resource.metadata.uid, true],
        `owner of the ${kind}`,
      )
    }
    const configuration = await t.kube.get('Configuration', name)
    const revision = await t.kube.get('Revision', `${name}-00001`)
    t.equal(
      revision.metadata.ownerReferences?.[0]?.uid,
      configuration.metadata.uid,
      'of the Revision',
    )
  },
}
