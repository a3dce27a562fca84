import { expect, test } from 'vitest'
import { parseManifests } from '../../../../../scripts/emulator/manifests/load.ts'
import type { ServiceResource } from '../../../../../scripts/emulator/manifests/types.ts'
import { until } from '../fixture.ts'
import { BROKER, world } from '../resources.fixture.ts'

const BINDING = `
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata: { name: bind, namespace: app }
spec:
  subject: { apiVersion: serving.knative.dev/v1, kind: Service, name: talker }
  sink: { ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default } }
  ceOverrides: { extensions: { team: blue } }
`

function service(name: string, labels = '{}', env = ''): ServiceResource {
  const { services } = parseManifests(`
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: ${name}, namespace: app, labels: ${labels} }
spec:
  template:
    spec:
      containers:
        - image: some/${name}
          env: [{ name: KEPT, value: "1" }${env}]
`)
  const [found] = services
  if (!found) throw new Error('no service')
  return found
}

test('its subject gets K_SINK and K_CE_OVERRIDES last, whatever it says itself', async () => {
  const at = await world()
  at.services.push('talker')
  at.apply(BINDING)
  const bound = at.resources.bind(service('talker', '{}', ', { name: K_SINK, value: mine }'))
  expect(bound.template.env).toEqual([
    { name: 'KEPT', value: '1' },
    { name: 'K_SINK', value: BROKER },
    { name: 'K_CE_OVERRIDES', value: '{"extensions":{"team":"blue"}}' },
  ])
  expect(at.resources.bind(service('other'))).toEqual(service('other'))
  expect(at.condition('SinkBinding', 'bind')?.status).toBe('True')
  expect(at.object('SinkBinding', 'bind')?.status).toMatchObject({ sinkUri: BROKER })
})

test('without overrides the variable is empty', async () => {
  const at = await world()
  at.apply(BINDING.replace(/ {2}ceOverrides.*\n/, ''))
  const { env } = at.resources.bind(service('talker')).template
  expect(env.at(-1)).toEqual({ name: 'K_CE_OVERRIDES', value: '' })
})

test('a selector binds every Service with the labels', async () => {
  const at = await world()
  at.apply(
    BINDING.replace(
      'name: talker',
      'selector: { matchExpressions: [{ key: tier, operator: In, values: [a, b] }] }',
    ),
  )
  const isBound = (labels: string): boolean =>
    at.resources.bind(service('any', labels)).template.env.some(({ name }) => name === 'K_SINK')
  expect(isBound('{ tier: a }')).toBe(true)
  expect(isBound('{ tier: c }')).toBe(false)
  expect(isBound('{}')).toBe(false)
})

test('it asks for Services to be applied again when what it injects changed, and only then', async () => {
  let asked = 0
  const at = await world({
    rebind: () => {
      asked += 1
    },
  })
  at.apply(BINDING)
  expect(asked).toBe(1)
  at.apply(BINDING)
  at.eventing.refresh()
  expect(asked).toBe(1)
  at.apply(BINDING.replace('team: blue', 'team: red'))
  expect(asked).toBe(2)
  at.resources.remove('SinkBinding', 'app', 'bind')
  expect(asked).toBe(3)
  expect(at.resources.bind(service('talker'))).toEqual(service('talker'))
})

test('a subject that does not exist is said, and is bound when it comes', async () => {
  const at = await world()
  at.apply(BINDING)
  expect(at.condition('SinkBinding', 'bind', 'Available')).toMatchObject({
    status: 'False',
    reason: 'SubjectMissing',
    message: 'services.serving.knative.dev "talker" not found',
  })
  at.services.push('talker')
  at.apply(BINDING)
  await until(() => at.condition('SinkBinding', 'bind')?.status === 'True')
})

test('a subject that no emulator runs is warned about', async () => {
  const at = await world()
  at.apply(BINDING.replace('serving.knative.dev/v1, kind: Service', 'apps/v1, kind: Deployment'))
  expect(at.lines).toContainEqual({
    level: 'warn',
    scope: 'bind',
    message:
      'test.yaml:2: a SinkBinding to a apps/v1 Deployment does nothing here: the emulator runs Services and the jobs of JobSinks only',
  })
  expect(at.condition('SinkBinding', 'bind')?.reason).toBe('SubjectNotEmulated')
})
