/** A job that was deleted, and whose event comes again at once. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../fixture.ts'
import { type World, world } from '../resources.fixture.ts'

const URL = 'http://job-sink.knative-eventing.svc.cluster.local/app/work'
/** Says its event when it begins and, as the gate opens, when it ends; takes its time to stop. */
const COMMAND = [
  `trap "sleep 0.3; echo stopped >> seen; exit 1" TERM`,
  'tell() { echo "$1 $(grep -o e[0-9] $K_EVENT_PATH/event)" >> seen; }',
  'tell begins',
  'while [ ! -e gate ]; do sleep 0.05; done',
  'tell ends',
].join('; ')

const SINK = `
apiVersion: sinks.knative.dev/v1alpha1
kind: JobSink
metadata: { name: work, namespace: app }
spec:
  job:
    spec:
      backoffLimit: 0
      template:
        metadata:
          annotations: { emulator.aiwfe.dev/command: ${JSON.stringify(`sh -c '${COMMAND}'`)} }
        spec:
          restartPolicy: Never
          containers: [{ name: work, image: some/work }]
`

const seen = ({ directory }: World, line: string): number => {
  const path = join(directory, 'seen')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  return text.split('\n').filter(each => each === line).length
}

async function again(at: World, id: string): Promise<void> {
  const job = at.resources.jobs.objects().at(-1)
  at.resources.jobs.remove('app', job?.metadata.name ?? '')
  await at.publish(URL, { id })
}

const isDone = (at: World) => (): boolean =>
  at.resources.jobs.objects().every(({ status }) => status?.conditions !== undefined)

test('one that waited for its turn runs once', async () => {
  const at = await world()
  at.apply(SINK)
  for (const id of ['e1', 'e2', 'e3', 'e4', 'e5']) await at.publish(URL, { id })
  await until(() => ['e1', 'e2', 'e3', 'e4'].every(id => seen(at, `begins ${id}`) === 1))
  await again(at, 'e5')
  await at.publish(URL, { id: 'e6' })
  writeFileSync(join(at.directory, 'gate'), '')
  await until(isDone(at))
  expect(seen(at, 'begins e5')).toBe(1)
  expect(at.lines.filter(({ message }) => message === 'job complete')).toHaveLength(6)
})

test('one that ran finds its event, although the try before it still ends', async () => {
  const at = await world()
  at.apply(SINK)
  await at.publish(URL, { id: 'e1' })
  await until(() => seen(at, 'begins e1') === 1)
  await again(at, 'e1')
  await until(() => seen(at, 'begins e1') === 2)
  await until(() => seen(at, 'stopped') === 1)
  // By the time that another has begun, the end of the first is noticed.
  await at.publish(URL, { id: 'e2' })
  await until(() => seen(at, 'begins e2') === 1)
  writeFileSync(join(at.directory, 'gate'), '')
  await until(isDone(at))
  expect(seen(at, 'ends e1')).toBe(1)
})
