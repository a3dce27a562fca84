/** Revisions that are not the latest, after a restart on the same folder. */
import { expect, onTestFinished, test } from 'vitest'
import { createEmulator, type Emulator } from '../../../../scripts/emulator/emulator.ts'
import { temporaryDirectory } from '../eventing/fixture.ts'
import { runFixture } from './world.ts'

async function started(directory: string, ...manifests: object[]): Promise<Emulator> {
  const emulator = await createEmulator({
    clock: 'virtual',
    resolveCommand: runFixture,
    directory,
    manifests,
  })
  onTestFinished(() => emulator.close())
  return emulator
}

const version = (value: string, traffic?: object[]) => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name: 'mine', namespace: 'app' },
  spec: {
    template: {
      metadata: { annotations: { 'autoscaling.knative.dev/max-scale': '3' } },
      spec: {
        timeoutSeconds: 7,
        containers: [
          {
            image: 'registry.test/hello',
            env: [{ name: 'GREETING', value }],
            readinessProbe: { httpGet: { path: '/ready' }, periodSeconds: 2 },
          },
        ],
      },
    },
    ...(traffic && { traffic }),
  },
})

const TO_OLDER = [
  { revisionName: 'mine-00001', percent: 100 },
  { latestRevision: true, percent: 0, tag: 'next' },
]

const objectsOf = ({ control }: Emulator, kind: string) =>
  control.catalogue.list().flatMap(entry => (entry.kind.kind === kind ? [entry.object] : []))
const namesOf = (emulator: Emulator) =>
  objectsOf(emulator, 'Revision').map(({ metadata }) => metadata.name)

test('traffic that a client sent to an older Revision goes there after a restart', async () => {
  const directory = temporaryDirectory()
  const first = await started(directory)
  for (const each of [version('one'), version('two'), version('two', TO_OLDER)]) {
    await first.apply(each)
  }
  const specs = objectsOf(first, 'Revision').map(({ spec }) => spec)
  await first.close()
  // The second restart has it from the first.
  for (const _ of [1, 2]) {
    const next = await started(directory)
    const [route] = objectsOf(next, 'Route')
    expect(route?.status?.traffic).toMatchObject([
      { revisionName: 'mine-00001', percent: 100 },
      { revisionName: 'mine-00002', percent: 0, tag: 'next' },
    ])
    expect(namesOf(next)).toEqual(['mine-00001', 'mine-00002'])
    expect(objectsOf(next, 'Revision').map(({ spec }) => spec)).toEqual(specs)
    const answer = await next.request('app/mine')
    expect(await answer.text()).toContain('mine-00001')
    await next.close()
  }
})

test('the latest one stays when its file is changed while nothing runs', async () => {
  const directory = temporaryDirectory()
  for (const traffic of [undefined, TO_OLDER]) {
    const emulator = await started(directory, version(traffic ? 'two' : 'one', traffic))
    if (traffic) expect(namesOf(emulator)).toEqual(['mine-00001', 'mine-00002'])
    await emulator.close()
  }
})

test('a name that its file gives again to another template is that of the new one', async () => {
  const directory = temporaryDirectory()
  for (const value of ['one', 'two']) {
    const { spec, ...rest } = version(value)
    const template = { ...spec.template, metadata: { name: 'mine-own' } }
    const emulator = await started(directory, { ...rest, spec: { template } })
    expect(namesOf(emulator)).toEqual(['mine-own'])
    expect(JSON.stringify(objectsOf(emulator, 'Revision')[0]?.spec)).toContain(value)
    const ready = objectsOf(emulator, 'Service')[0]?.status?.conditions
    expect(ready).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }))
    await emulator.close()
  }
})

test('a Revision that was deleted does not come back, nor those of a Service that was', async () => {
  const directory = temporaryDirectory()
  const first = await started(directory)
  for (const value of ['one', 'two', 'three']) await first.apply(version(value))
  await first.remove({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Revision',
    name: 'mine-00001',
    namespace: 'app',
  })
  await first.close()
  const second = await started(directory)
  expect(namesOf(second)).toEqual(['mine-00002', 'mine-00003'])
  const { apiVersion, kind, metadata } = version('')
  await second.remove({ apiVersion, kind, ...metadata })
  await second.apply(version('four'))
  await second.close()
  expect(namesOf(await started(directory))).toEqual(['mine-00001'])
})
