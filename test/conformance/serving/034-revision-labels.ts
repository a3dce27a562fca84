import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 34,
  level: 'must',
  source: 'serving-api',
  title: 'a Revision is labelled with its Configuration and the generation of it',
  test: async t => {
    const { name } = await t.shared()
    const { labels } = (await t.kube.get('Revision', `${name}-00001`)).metadata
    t.equal(labels?.['serving.knative.dev/configuration'], name, 'the configuration')
    t.equal(labels?.['serving.knative.dev/configurationGeneration'], '1', 'the generation')
    t.equal(labels?.['serving.knative.dev/service'], name, 'the service')
  },
}
