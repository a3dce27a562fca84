import type { Rule } from '../rule.ts'
import { at } from '../target/resource.ts'

export const rule: Rule = {
  item: 30,
  level: 'must',
  source: 'serving-api',
  title: 'a Service makes a Configuration and a Route of its name from its spec',
  test: async t => {
    const { name, resource } = await t.shared()
    const configuration = await t.kube.get('Configuration', name)
    const path = 'spec.template.spec.containers.0.image'
    t.equal(at(configuration, path), at(resource, path), 'the image')
    const route = await t.kube.get('Route', name)
    t.equal(at(route, 'spec.traffic.0.percent'), 100, 'the traffic')
    for (const { metadata } of [configuration, route]) {
      t.equal(metadata.labels?.['serving.knative.dev/service'], name, 'the label')
    }
  },
}
