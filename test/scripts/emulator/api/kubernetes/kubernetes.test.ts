/** The life of an object: made, changed, tried dry, removed. */
import { expect, test } from 'vitest'
import { serviceDocument } from '../../control/fixture.ts'
import { createApiBench, SERVICES } from './fixture.ts'

test('an object is created, read, replaced, patched and deleted', async () => {
  const { ask } = await createApiBench()
  const created = await ask('POST', SERVICES, serviceDocument('hello'))
  expect(created).toMatchObject({
    status: 201,
    body: {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'hello', generation: 1, resourceVersion: expect.stringMatching(/^\d+$/) },
    },
  })
  const read = await ask('GET', `${SERVICES}/hello`)
  expect(read).toMatchObject({ status: 200, body: created.body })
  const replaced = await ask('PUT', `${SERVICES}/hello`, {
    ...read.body,
    spec: serviceDocument('hello', { image: 'b' }).spec,
  })
  expect(replaced).toMatchObject({ status: 200, body: { metadata: { generation: 2 } } })
  const stale = await ask('PUT', `${SERVICES}/hello`, read.body)
  expect(stale).toMatchObject({
    status: 409,
    body: { kind: 'Status', status: 'Failure', reason: 'Conflict', code: 409 },
  })
  const patched = await ask(
    'PATCH',
    `${SERVICES}/hello`,
    { metadata: { labels: { a: 'b' } } },
    { 'content-type': 'application/merge-patch+json' },
  )
  expect(patched).toMatchObject({ status: 200, body: { metadata: { labels: { a: 'b' } } } })
  const removed = await ask('DELETE', `${SERVICES}/hello`, { propagationPolicy: 'Background' })
  expect(removed).toMatchObject({
    status: 200,
    body: { kind: 'Status', status: 'Success', details: { name: 'hello', kind: 'services' } },
  })
  expect(await ask('GET', `${SERVICES}/hello`)).toMatchObject({
    status: 404,
    body: {
      reason: 'NotFound',
      message: 'services.serving.knative.dev "hello" not found',
      details: { name: 'hello', group: 'serving.knative.dev', kind: 'services' },
    },
  })
})

test('a dry run changes nothing', async () => {
  const { ask } = await createApiBench()
  expect(await ask('POST', `${SERVICES}?dryRun=All`, serviceDocument('hello'))).toMatchObject({
    status: 201,
  })
  expect(await ask('GET', `${SERVICES}/hello`)).toMatchObject({ status: 404 })
  await ask('POST', SERVICES, serviceDocument('hello'))
  expect(await ask('DELETE', `${SERVICES}/hello`, { dryRun: ['All'] })).toMatchObject({
    status: 200,
  })
  expect(await ask('GET', `${SERVICES}/hello`)).toMatchObject({ status: 200 })
  expect(await ask('POST', `${SERVICES}?dryRun=Some`, serviceDocument('b'))).toMatchObject({
    status: 422,
  })
})

test('a server-side apply makes the object, or changes it', async () => {
  const { ask } = await createApiBench()
  const type = { 'content-type': 'application/apply-patch+yaml' }
  const yaml = (image: string): string =>
    `apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: hello }\n` +
    `spec: { template: { spec: { containers: [{ image: ${image} }] } } }\n`
  const path = `${SERVICES}/hello?fieldManager=me`
  expect(await ask('PATCH', path, yaml('a'), type)).toMatchObject({ status: 201 })
  expect(await ask('PATCH', path, yaml('b'), type)).toMatchObject({
    status: 200,
    body: { metadata: { generation: 2 } },
  })
})

test('a whole collection is deleted by its labels', async () => {
  const { ask } = await createApiBench()
  for (const name of ['a', 'b']) {
    await ask('POST', SERVICES, serviceDocument(name, { labels: { side: name } }))
  }
  const { status, body } = await ask('DELETE', `${SERVICES}?labelSelector=side=a`)
  expect([status, body.items]).toMatchObject([200, [{ metadata: { name: 'a' } }]])
  expect((await ask('GET', SERVICES)).body.items).toMatchObject([{ metadata: { name: 'b' } }])
})

test('an error of our own goes to the log and not to the caller', async () => {
  const { ask, part, lines } = await createApiBench()
  part.refuse(new Error('the disk of /home/me is full'))
  expect(await ask('POST', SERVICES, serviceDocument('hello'))).toMatchObject({
    status: 500,
    body: { message: 'an unexpected error, see the log of the emulator' },
  })
  expect(lines).toMatchObject([{ level: 'error', message: expect.stringContaining('/home/me') }])
})
