import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 43,
  level: 'should',
  source: 'serving-api',
  title: 'a container reads the files of a ConfigMap that it mounts',
  test: async t => {
    const name = t.name('config')
    await t.kube.create('ConfigMap', { metadata: { name }, data: { colour: 'teal' } })
    const mountPath = `/tmp/${name}`
    const probe = await t.probe({
      container: { volumeMounts: [{ name: 'files', mountPath, readOnly: true }] },
      pod: { volumes: [{ name: 'files', configMap: { name } }] },
    })
    const { text } = await probe.request(`/read?path=${mountPath}/colour`)
    t.equal(text, '{"text":"teal"}', 'the file')
  },
}
