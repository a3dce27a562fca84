import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { streamWatch } from '../../../../../scripts/emulator/api/kubernetes/watch.ts'
import { createControlBench, kindOf, serviceDocument } from '../../control/fixture.ts'
import { until } from '../../eventing/fixture.ts'
import { createApiBench, readWatch, SERVICES, TOKEN } from './fixture.ts'

const SERVICE = kindOf('serving.knative.dev/v1', 'Service')
/** What a response has beside a stream. */
const HEADS = { writeHead: () => {}, flushHeaders: () => {} }
const ready = { conditions: [{ type: 'Ready', status: 'True' }] }

test('a watch from a version tells what happened since, and goes on', async () => {
  const bench = await createApiBench()
  const { ask, part } = bench
  const { body } = await ask('POST', SERVICES, serviceDocument('hello'))
  const { resourceVersion } = Object(body.metadata) as { resourceVersion: string }
  part.setStatus('hello', ready)
  const query = `watch=true&fieldSelector=metadata.name=hello&resourceVersion=${resourceVersion}`
  const events = readWatch(bench, `${SERVICES}?${query}`)
  expect((await events.next()).value).toMatchObject({
    type: 'MODIFIED',
    object: { kind: 'Service', metadata: { name: 'hello' }, status: ready },
  })
  await ask('POST', SERVICES, serviceDocument('other'))
  await ask('DELETE', `${SERVICES}/hello`)
  const { value } = await events.next()
  expect(value).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'hello' } } })
  expect(Number(value?.object.metadata?.resourceVersion)).toBeGreaterThan(Number(resourceVersion))
})

test('what came just before the watch is told once', async () => {
  const { control, part, clock } = createControlBench()
  await control.create(SERVICE, serviceDocument('hello'))
  const from = control.catalogue.version()
  const [other, response] = [new PassThrough(), Object.assign(new PassThrough(), HEADS)]
  part.setStatus('hello', ready)
  control.catalogue.subscribe(() => void other.write('told'))
  streamWatch(response as unknown as ServerResponse, {
    catalogue: control.catalogue,
    kind: SERVICE,
    selects: ({ kind }) => kind === SERVICE,
    view: { form: 'object', version: 'v1', now: clock.now() },
    now: clock.now,
    from,
    bookmarks: false,
    initial: false,
    timeoutMs: undefined,
  })
  onTestFinished(() => void response.destroy())
  await once(other, 'data')
  expect(String(response.read()).match(/"type":"[A-Z]+"/g)).toEqual(['"type":"MODIFIED"'])
})

test('a watch without a version begins with what is there', async () => {
  const bench = await createApiBench()
  await bench.ask('POST', SERVICES, serviceDocument('a'))
  const events = readWatch(bench, `${SERVICES}?watch=true`)
  expect((await events.next()).value).toMatchObject({ type: 'ADDED' })
  await bench.ask('POST', SERVICES, serviceDocument('b'))
  expect((await events.next()).value).toMatchObject({
    type: 'ADDED',
    object: { metadata: { name: 'b' } },
  })
})

test('an object comes and goes for a watch as its labels do', async () => {
  const bench = await createApiBench()
  const { ask } = bench
  const events = readWatch(bench, `${SERVICES}?watch=true&labelSelector=side=left`)
  const types: string[] = []
  const reading = (async () => {
    for await (const { type } of events) types.push(type)
  })()
  reading.catch(() => {})
  await ask('POST', SERVICES, serviceDocument('hello'))
  for (const [side, expected] of [
    ['left', 'ADDED'],
    ['right', 'DELETED'],
    ['left', 'ADDED'],
  ]) {
    const patch = { metadata: { labels: { side } } }
    await ask('PATCH', `${SERVICES}/hello`, patch, {
      'content-type': 'application/merge-patch+json',
    })
    await until(() => types.at(-1) === expected)
  }
  expect(types).toEqual(['ADDED', 'DELETED', 'ADDED'])
})

test('a bookmark ends what is there at first, for who asks for it', async () => {
  const bench = await createApiBench()
  await bench.ask('POST', SERVICES, serviceDocument('a'))
  const query = 'watch=true&sendInitialEvents=true&allowWatchBookmarks=true'
  const events = readWatch(bench, `${SERVICES}?${query}`)
  expect((await events.next()).value).toMatchObject({ type: 'ADDED' })
  expect((await events.next()).value).toMatchObject({
    type: 'BOOKMARK',
    object: {
      kind: 'Service',
      metadata: {
        resourceVersion: expect.stringMatching(/^\d+$/),
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    },
  })
})

test('a version that is too old is told, and the client lists again', async () => {
  const bench = await createApiBench()
  const events = readWatch(bench, `${SERVICES}?watch=true&resourceVersion=1`)
  expect((await events.next()).value).toMatchObject({
    type: 'ERROR',
    object: { kind: 'Status', code: 410, reason: 'Expired' },
  })
  expect((await events.next()).done).toBe(true)
})

test('a watch ends when its time is over', async () => {
  const bench = await createApiBench()
  const events = readWatch(bench, `${SERVICES}?watch=true&timeoutSeconds=0`)
  expect((await events.next()).done).toBe(true)
})

test('a reader that reads nothing is dropped', async () => {
  const { port, ask, part, control } = await createApiBench()
  await ask('POST', SERVICES, serviceDocument('hello'))
  const socket = connect(port, '127.0.0.1')
  let gone = false
  socket.on('error', () => {})
  socket.on('close', () => {
    gone = true
  })
  onTestFinished(() => void socket.destroy())
  socket.write(
    `GET /_kubernetes/~${TOKEN}${SERVICES}?watch=true HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
  )
  await new Promise(resolve => socket.once('readable', resolve))
  const text = 'x'.repeat(1_000_000)
  const subscribed = control.catalogue
  for (let count = 0; count < 60; count++) {
    part.setStatus('hello', { count, text })
    await new Promise(resolve => setTimeout(resolve, 15))
    subscribed.version()
  }
  socket.resume()
  await until(() => gone)
})
