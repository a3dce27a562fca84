import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 43,
  level: 'should',
  source: 'serving-api',
  title: 'a container has the variables of a ConfigMap that it names',
  test: async t => {
    const name = t.name('config')
    await t.kube.create('ConfigMap', { metadata: { name }, data: { COLOUR: 'teal' } })
    const probe = await t.probe({ container: { envFrom: [{ configMapRef: { name } }] } })
    t.equal((await probe.report()).env.COLOUR, 'teal', 'the variable')
  },
}
