import type { Rule } from '../rule.ts'
import { at } from '../target/resource.ts'

export const rule: Rule = {
  item: 47,
  level: 'must',
  source: 'serving-api',
  title: 'files of a ConfigMap are mounted for reading only',
  test: async t => {
    const name = t.name('config')
    await t.kube.create('ConfigMap', { metadata: { name }, data: { colour: 'teal' } })
    const asked = t.apply({
      container: { volumeMounts: [{ name: 'files', mountPath: `/tmp/${name}`, readOnly: false }] },
      pod: { volumes: [{ name: 'files', configMap: { name } }] },
    })
    const kept = await asked
      .then(({ spec }) => at(spec, 'template.spec.containers.0.volumeMounts.0.readOnly'))
      .catch((error: unknown) => String(error))
    t.match(kept, /^true$|readOnly/, 'what became of readOnly: false')
  },
}
