import { expect, test } from 'vitest'
import type { Clock } from '../../../../../scripts/emulator/clock.ts'
import { answer, until } from '../fixture.ts'
import { awaitRequest, world } from '../resources.fixture.ts'

const ping = (spec: string): string => `
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: { name: tick, namespace: app }
spec:
  sink: { uri: http://sink.test/ }
${spec}
`
const MINUTE_MS = 60_000

test('it sends an event at each time that the schedule names', async () => {
  const at = await world()
  at.apply(
    ping(
      '  schedule: "*/5 * * * *"\n  contentType: application/json\n  data: \'{"a":1}\'\n  ceOverrides: { extensions: { shift: night } }',
    ),
  )
  expect(at.condition('PingSource', 'tick')?.status).toBe('True')
  await at.clock.advance(4 * MINUTE_MS)
  expect(at.requests).toEqual([])
  await at.clock.advance(11 * MINUTE_MS)
  await until(() => at.requests.length === 3)
  expect(at.requests[0]?.headers).toMatchObject({
    'ce-type': 'dev.knative.sources.ping',
    'ce-source': '/apis/v1/namespaces/app/pingsources/tick',
    'ce-time': '2026-01-01T00:05:00.000Z',
    'ce-shift': 'night',
    'content-type': 'application/json',
  })
  expect(Buffer.from(at.requests[0]?.body ?? '').toString()).toBe('{"a":1}')
  expect(new Set(at.requests.map(({ headers }) => headers['ce-id'])).size).toBe(3)
})

test('six fields have seconds first', async () => {
  const at = await world()
  at.apply(ping('  schedule: "*/20 * * * * *"'))
  await at.clock.advance(MINUTE_MS)
  await until(() => at.requests.length === 3)
})

test('the time zone is that of the source, or of the schedule', async () => {
  const at = await world()
  at.apply(ping('  schedule: "0 9 * * *"\n  timezone: Asia/Tokyo'))
  await at.clock.advance(1)
  const status = at.object('PingSource', 'tick')?.status
  expect(status).toMatchObject({
    sinkUri: 'http://sink.test/',
    ceAttributes: [{ type: 'dev.knative.sources.ping' }],
  })
  // 09:00 in Tokyo is midnight in UTC.
  await at.clock.advance(24 * 60 * MINUTE_MS)
  const first = await awaitRequest(at, () => true)
  expect(first.headers['ce-time']).toBe('2026-01-02T00:00:00.000Z')

  const other = await world()
  other.apply(ping('  schedule: "CRON_TZ=Asia/Tokyo 0 9 * * *"'))
  await other.clock.advance(24 * 60 * MINUTE_MS)
  const second = await awaitRequest(other, () => true)
  expect(second.headers['ce-time']).toBe('2026-01-02T00:00:00.000Z')
})

test('a lost answer is tried five times more, each wait twice as long', async () => {
  const at = await world()
  at.subscribers.sink = () => answer(503)
  at.apply(ping('  schedule: "* * * * *"'))
  await at.clock.advance(MINUTE_MS)
  for (const [tries, waitMs] of [100, 200, 400, 800, 1600].entries()) {
    await until(() => at.requests.length === tries + 1)
    await at.clock.advance(waitMs - 1)
    expect(at.requests.length).toBe(tries + 1)
    await at.clock.advance(1)
  }
  await until(() => at.lines.some(({ message }) => message.includes('event lost')))
  expect(at.requests.length).toBe(6)
  expect(at.lines.find(({ level }) => level === 'error')?.message).toBe(
    'event lost: status 503 of http://sink.test/ after 6 tries',
  )
})

test('an answer that no retry can change is final', async () => {
  const at = await world()
  at.subscribers.sink = () => answer(400)
  at.apply(ping('  schedule: "* * * * *"'))
  await at.clock.advance(MINUTE_MS)
  await until(() => at.lines.some(({ message }) => message.includes('event lost')))
  expect(at.requests.length).toBe(1)
})

test('it waits for its sink, says so, and stops when it is removed or changed', async () => {
  const at = await world()
  const to = (name: string): string =>
    ping('  schedule: "* * * * *"').replace(
      '{ uri: http://sink.test/ }',
      `{ ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: ${name} } }`,
    )
  at.apply(to('late'))
  expect(at.condition('PingSource', 'tick', 'SinkProvided')).toMatchObject({
    status: 'False',
    reason: 'NotFound',
  })
  await at.clock.advance(2 * MINUTE_MS)
  expect(at.requests).toEqual([])

  at.services.push('late', 'other')
  at.eventing.refresh()
  at.apply(to('late'))
  await at.clock.advance(MINUTE_MS)
  await until(() => at.requests.length === 1)
  at.apply(to('other'))
  await at.clock.advance(MINUTE_MS)
  await until(() => at.requests.length === 2)
  expect(at.requests.map(({ url }) => url)).toEqual([
    'http://late.app.svc.cluster.local',
    'http://other.app.svc.cluster.local',
  ])
  at.resources.remove('PingSource', 'app', 'tick')
  await at.clock.advance(5 * MINUTE_MS)
  expect(at.requests.length).toBe(2)
})

test('into a broker, where its triggers get it', async () => {
  const at = await world()
  at.apply(`
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: pings, namespace: app }
spec:
  broker: default
  filter: { attributes: { type: dev.knative.sources.ping } }
  subscriber: { uri: http://seen.test/ }
`)
  at.apply(
    ping('  schedule: "* * * * *"').replace(
      '{ uri: http://sink.test/ }',
      '{ ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default } }',
    ),
  )
  await at.clock.advance(MINUTE_MS)
  await awaitRequest(at, ({ url }) => url === 'http://seen.test/')
})

test('what a jump of the clock skipped is sent once, not as often as it was due', async () => {
  const start = Date.parse('2026-01-01T00:00:00Z')
  const timers: { due: number; task: () => void }[] = []
  let now = start
  const jumping: Clock = {
    now: () => now,
    after(delayMs, task) {
      timers.push({ due: now + delayMs, task })
      return () => {}
    },
    every: () => () => {},
    sleep: () => Promise.resolve(),
    advance: () => Promise.resolve(),
  }
  const at = await world({ clock: jumping })
  at.apply(ping('  schedule: "* * * * *"'))
  now += 60 * MINUTE_MS + 30_000
  timers.shift()?.task()
  await until(() => at.requests.length === 1)
  expect(timers.map(({ due }) => due - start)).toEqual([61 * MINUTE_MS])
})
