import type { Rule } from '../rule.ts'
import { at } from '../target/resource.ts'

export const rule: Rule = {
  item: 43,
  level: 'should',
  source: 'serving-api',
  title: 'the fields that every platform knows are taken as they are',
  test: async t => {
    const container = { name: 'teal', imagePullPolicy: 'IfNotPresent' }
    const resources = { requests: { cpu: '25m', memory: '32Mi' }, limits: { memory: '256Mi' } }
    const pod = { serviceAccountName: 'default', timeoutSeconds: 30, containerConcurrency: 3 }
    const { resource } = await t.probe({ container: { ...container, resources }, pod })
    const spec = at(resource, 'spec.template.spec')
    t.equal(at(spec, 'containers.0.resources'), resources, 'the resources')
    t.equal(at(spec, 'containers.0.name'), 'teal', 'the name')
    t.equal([at(spec, 'timeoutSeconds'), at(spec, 'containerConcurrency')], [30, 3], 'the limits')
  },
}
