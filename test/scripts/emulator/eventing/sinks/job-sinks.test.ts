import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../fixture.ts'
import { type World, world } from '../resources.fixture.ts'

const sink = (command: string, job = ''): string => `
apiVersion: sinks.knative.dev/v1alpha1
kind: JobSink
metadata: { name: work, namespace: app }
spec:
  job:
    spec:
${job}
      template:
        metadata:
          annotations: { emulator.aiwfe.dev/command: ${JSON.stringify(command)} }
        spec:
          restartPolicy: Never
          containers: [{ name: work, image: some/work }]
`
const BASE = 'http://job-sink.knative-eventing.svc.cluster.local'
const URL = `${BASE}/app/work`
const LOCATION = '/namespaces/app/name/work/sources/%2Ftest/ids/e1'
const COPY = 'sh -c "echo $K_EXECUTION_MODE >> runs; cat $K_EVENT_PATH/event > copy"'

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
const runs = (at: World): number => read(join(at.directory, 'runs')).split('\n').length - 1
const status = async (at: World) => {
  const { status: code, headers } = await at.send({ url: `${BASE}${LOCATION}` })
  return [code, headers.reason]
}

test('an event is accepted with a Location, and its job runs with the event in a file', async () => {
  const at = await world()
  at.apply(sink(COPY))
  const accepted = await at.publish(URL, { datacontenttype: 'application/json' }, '{"a":1}')
  expect([accepted.status, accepted.headers.location]).toEqual([202, LOCATION])
  await until(() => at.lines.some(({ message }) => message === 'job complete'))
  expect(read(join(at.directory, 'runs'))).toBe('batch\n')
  expect(JSON.parse(read(join(at.directory, 'copy')))).toMatchObject({
    specversion: '1.0',
    id: 'e1',
    source: '/test',
    data: { a: 1 },
  })
  expect(await status(at)).toEqual([200, 'Complete'])
})

test('the same source and id is the same job', async () => {
  const at = await world()
  at.apply(sink(COPY))
  await at.publish(URL)
  await until(() => at.lines.some(({ message }) => message === 'job complete'))
  const again = await at.publish(URL, {}, 'other data')
  expect([again.status, again.headers.location]).toEqual([202, LOCATION])
  await at.publish(URL, { id: 'e2' })
  await until(() => at.lines.filter(({ message }) => message === 'job complete').length === 2)
  expect(runs(at)).toBe(2)
})

test('a failing job is tried again with back-off, then it has failed', async () => {
  const at = await world()
  at.apply(sink('sh -c "echo x >> runs; exit 1"', '      backoffLimit: 2'))
  await at.publish(URL)
  for (const [tries, waitMs] of [10_000, 20_000].entries()) {
    await until(
      () => at.lines.filter(({ message }) => message.includes('next try')).length === tries + 1,
    )
    expect(await status(at)).toEqual([202, undefined])
    await at.clock.advance(waitMs - 1)
    expect(runs(at)).toBe(tries + 1)
    await at.clock.advance(1)
  }
  await until(() => at.lines.some(({ level }) => level === 'error'))
  expect(await status(at)).toEqual([400, 'Failed'])
  expect(runs(at)).toBe(3)
  expect(at.lines.find(({ level }) => level === 'error')?.message).toBe(
    'job failed (BackoffLimitExceeded): the last try exited with code 1',
  )
})

test('a job beyond its active deadline has failed', async () => {
  const at = await world()
  at.apply(sink('sh -c "echo x >> runs; sleep 600"', '      activeDeadlineSeconds: 30'))
  await at.publish(URL)
  await until(() => runs(at) === 1)
  await at.clock.advance(30_000)
  await until(() => at.lines.some(({ message }) => message.includes('DeadlineExceeded')))
  expect(await status(at)).toEqual([400, 'Failed'])
})

test('a job that was running when the emulator ended runs again, a finished one does not', async () => {
  const at = await world()
  const waitForGo = 'sh -c "echo x >> runs; while [ ! -e go ]; do sleep 0.05; done"'
  at.apply(sink(waitForGo))
  await at.publish(URL)
  await until(() => runs(at) === 1)
  await at.reopen()
  expect(await status(at)).toEqual([202, undefined])
  at.apply(sink(waitForGo))
  await until(() => runs(at) === 2)
  writeFileSync(join(at.directory, 'go'), '')
  await until(() => at.lines.some(({ message }) => message === 'job complete'))
  await at.reopen()
  at.apply(sink(waitForGo))
  expect(await status(at)).toEqual([200, 'Complete'])
  expect(runs(at)).toBe(2)
})

test('its jobs go with it', async () => {
  const at = await world()
  at.apply(sink('sh -c "echo $$ >> runs; sleep 600"'))
  await at.publish(URL)
  await until(() => runs(at) === 1)
  at.resources.remove('JobSink', 'app', 'work')
  const pid = Number(read(join(at.directory, 'runs')))
  await until(() => !existsSync(`/proc/${pid}`))
  expect((await at.send({ url: `${BASE}${LOCATION}` })).status).toBe(404)
  expect((await at.publish(URL)).status).toBe(400)
})

test('a finished job is forgotten after its time to live', async () => {
  const at = await world()
  at.apply(sink(COPY, '      ttlSecondsAfterFinished: 60'))
  await at.publish(URL)
  await until(() => at.lines.some(({ message }) => message === 'job complete'))
  await at.clock.advance(59_000)
  expect((await status(at))[0]).toBe(200)
  await at.clock.advance(1_000)
  expect((await status(at))[0]).toBe(404)
})

const jobs = (at: World) => at.resources.jobs.objects()

test('its jobs are Jobs that it owns, with what became of them', async () => {
  const at = await world()
  at.apply(sink('sh -c "while [ ! -e go ]; do sleep 0.05; done"'))
  await at.publish(URL)
  await until(() => jobs(at).length === 1)
  expect(jobs(at)).toMatchObject([
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        // The md5 of source and id.
        name: 'work-ce0c5990b3a41fd02335cd75d6aa50f0',
        namespace: 'app',
        labels: { 'sinks.knative.dev/job-sink-name': 'work' },
        ownerReferences: [{ kind: 'JobSink', uid: at.object('JobSink', 'work')?.metadata.uid }],
      },
      spec: { completions: 1, parallelism: 1, backoffLimit: 6 },
      status: { active: 1, startTime: '2026-01-01T00:00:00Z' },
    },
  ])
  writeFileSync(join(at.directory, 'go'), '')
  await until(() => jobs(at)[0]?.status?.succeeded === 1)
  expect(jobs(at)[0]?.status).toMatchObject({
    completionTime: '2026-01-01T00:00:00Z',
    conditions: [{ type: 'Complete', status: 'True', reason: 'CompletionsReached' }],
  })
  const [before] = jobs(at)
  await at.reopen()
  expect(jobs(at)).toEqual([])
  at.apply(sink(COPY))
  expect(jobs(at)[0]?.metadata.uid).toBe(before?.metadata.uid)
  at.resources.remove('JobSink', 'app', 'work')
  expect(jobs(at)).toEqual([])
})

test('a Job that waits for its next try has no active pod, and one without tries has failed', async () => {
  const at = await world()
  at.apply(sink('sh -c "exit 1"', '      backoffLimit: 1'))
  await at.publish(URL)
  await until(() => jobs(at)[0]?.status?.failed === 1)
  expect(jobs(at)[0]?.status).not.toHaveProperty('active')
  await at.clock.advance(10_000)
  await until(() => jobs(at)[0]?.status?.failed === 2)
  expect(jobs(at)[0]?.status?.conditions).toMatchObject([
    {
      type: 'Failed',
      status: 'True',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    },
  ])
})

test('a Job that is removed ends, and the event may come again', async () => {
  const at = await world()
  at.apply(sink('sh -c "echo $$ >> runs; sleep 600"'))
  await at.publish(URL)
  await until(() => runs(at) === 1)
  at.resources.jobs.remove('app', jobs(at)[0]?.metadata.name ?? '')
  const pid = Number(read(join(at.directory, 'runs')))
  await until(() => !existsSync(`/proc/${pid}`))
  expect(jobs(at)).toEqual([])
  expect((await status(at))[0]).toBe(404)
  await at.publish(URL)
  await until(() => runs(at) === 2)
})

test('a Job goes by itself after its time to live', async () => {
  const at = await world()
  at.apply(sink(COPY, '      ttlSecondsAfterFinished: 60'))
  await at.publish(URL)
  await until(() => jobs(at)[0]?.status?.succeeded === 1)
  await at.clock.advance(59_999)
  expect(jobs(at)).toHaveLength(1)
  await at.clock.advance(1)
  expect(jobs(at)).toEqual([])
})

test('a SinkBinding to Jobs with its labels says to its jobs where their events go', async () => {
  const at = await world()
  const command = 'sh -c "echo $K_SINK > to; echo x >> runs"'
  at.apply(sink(command).replace('  job:', '  job:\n    metadata: { labels: { talks: "yes" } }'))
  at.apply(`
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata: { name: bind, namespace: app }
spec:
  subject: { apiVersion: batch/v1, kind: Job, selector: { matchLabels: { talks: "yes" } } }
  sink: { uri: http://heard.test/ }
`)
  expect(at.condition('SinkBinding', 'bind')?.status).toBe('True')
  await at.publish(URL)
  await until(() => runs(at) === 1)
  expect(read(join(at.directory, 'to'))).toBe('http://heard.test/\n')
})

test.each([
  ['a method other than POST and GET', { url: URL, method: 'PUT' }],
  ['a path of another form', { url: `${BASE}/app`, method: 'POST' }],
  ['no event', { url: URL, method: 'POST', body: Buffer.from('{}') }],
  ['a sink that does not exist', { url: `${BASE}/app/gone`, method: 'POST', headers: EVENT() }],
  ['a Location of another form', { url: `${BASE}/namespaces/app`, method: 'GET' }],
])('%s is a bad request', async (_, request) => {
  const at = await world()
  at.apply(sink(COPY))
  expect((await at.send(request)).status).toBe(400)
  expect(runs(at)).toBe(0)
})

test('it is ready at once, at an address of its own', async () => {
  const at = await world()
  at.apply(sink(COPY))
  expect(at.object('JobSink', 'work')?.status).toMatchObject({
    address: { name: 'http', url: URL },
    job: { selector: 'sinks.knative.dev/job-sink-name=work' },
  })
  expect(at.condition('JobSink', 'work')?.status).toBe('True')
})

function EVENT(): Record<string, string> {
  return { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' }
}
