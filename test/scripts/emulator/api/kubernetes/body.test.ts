/** What a client sends: fields, types and documents that are refused or warned of. */
import { expect, test } from 'vitest'
import { serviceDocument, triggerDocument } from '../../control/fixture.ts'
import { createApiBench, SERVICES, TRIGGERS } from './fixture.ts'

test('unknown fields are refused or warned of, as the client asks', async () => {
  const { ask } = await createApiBench()
  const document = triggerDocument('t', { colour: 'red' })
  expect(await ask('POST', `${TRIGGERS}?fieldValidation=Strict`, document)).toMatchObject({
    status: 400,
    body: {
      message: expect.stringContaining('strict decoding error: unknown field "spec.colour"'),
    },
  })
  const warned = await ask('POST', TRIGGERS, document)
  expect(warned.status).toBe(201)
  expect(warned.headers.get('warning')).toBe('299 - "unknown field \\"spec.colour\\""')
  expect(await ask('POST', `${TRIGGERS}?fieldValidation=Loud`, document)).toMatchObject({
    status: 422,
  })
})

test('patches of another type are refused, also a strategic merge of a custom kind', async () => {
  const { ask } = await createApiBench()
  await ask('POST', SERVICES, serviceDocument('hello'))
  for (const type of ['application/strategic-merge-patch+json', 'application/json', 'text/plain']) {
    const answer = await ask('PATCH', `${SERVICES}/hello`, {}, { 'content-type': type })
    expect(answer).toMatchObject({ status: 415, body: { reason: 'UnsupportedMediaType' } })
  }
})

test('bodies that cannot be are the mistake of their sender', async () => {
  const { ask, lines } = await createApiBench()
  const cases: [unknown, number, object?][] = [
    ['{', 400],
    [[], 400],
    ['x'.repeat(3 * 1024 * 1024 + 1), 413],
    ['a', 415, { 'content-type': 'application/xml' }],
    ['k8s', 400, { 'content-type': 'application/vnd.kubernetes.protobuf' }],
    ['k8s\0\xff\xff', 400, { 'content-type': 'application/vnd.kubernetes.protobuf' }],
    [
      'k8s\0\n\u0007\n\u0002v1\u0012\u0001X',
      415,
      { 'content-type': 'application/vnd.kubernetes.protobuf' },
    ],
    [triggerDocument('t'), 400],
    [serviceDocument('hello', { namespace: 'other' }), 400],
    [serviceDocument(''), 422],
    [serviceDocument('hello', { resourceVersion: '1' }), 400],
  ]
  for (const [body, expected, headers] of cases) {
    const { status } = await ask('POST', SERVICES, body, headers)
    expect([String(JSON.stringify(body)).slice(0, 80), status]).toEqual([
      String(JSON.stringify(body)).slice(0, 80),
      expected,
    ])
  }
  expect(await ask('POST', `${SERVICES}/hello`, {})).toMatchObject({ status: 405 })
  expect(await ask('PUT', `${SERVICES}/hello/status`, {})).toMatchObject({ status: 405 })
  expect(await ask('GET', `${SERVICES}/hello/scale`)).toMatchObject({ status: 404 })
  expect(await ask('GET', '/api/v1/namespaces/%E0%A4%A/x')).toMatchObject({ status: 404 })
  expect(lines).toEqual([])
})

test('a body without end, a path that is none, and a version that is not of the path are refused', async () => {
  const { ask } = await createApiBench()
  const deep = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`
  expect(await ask('POST', '/apis/apps/v1/namespaces/app/deployments', deep)).toMatchObject({
    status: 400,
    body: { message: 'the document must have at most 200 levels' },
  })
  expect(await ask('GET', '//[')).toMatchObject({ status: 400 })
  expect(
    await ask('POST', SERVICES, { ...serviceDocument('hello'), apiVersion: 'v9' }),
  ).toMatchObject({
    status: 400,
    body: {
      message:
        'the API version in the data (v9) does not match the expected API version (serving.knative.dev/v1)',
    },
  })
  expect(await ask('GET', SERVICES)).toMatchObject({ status: 200, body: { items: [] } })
})
