import { request as httpRequest } from 'node:http'
import { expect, test } from 'vitest'
import { serviceDocument, triggerDocument } from '../../control/fixture.ts'
import { createApiBench, SERVICES, TOKEN, TRIGGERS } from './fixture.ts'

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

test('a list is of one namespace or of all, by label, by name, and by pages', async () => {
  const { ask } = await createApiBench()
  for (const name of ['c', 'a', 'b']) {
    await ask('POST', SERVICES, serviceDocument(name, { labels: { side: name } }))
  }
  const other = SERVICES.replace('/app/', '/other/')
  await ask('POST', other, serviceDocument('d', { namespace: 'other' }))
  const names = async (path: string): Promise<unknown[]> => {
    const { body } = await ask('GET', path)
    expect(body).toMatchObject({ kind: 'ServiceList', apiVersion: 'serving.knative.dev/v1' })
    return (body.items ?? []).map(({ metadata: { name } }) => name)
  }
  expect(await names(SERVICES)).toEqual(['a', 'b', 'c'])
  expect(await names('/apis/serving.knative.dev/v1/services')).toEqual(['a', 'b', 'c', 'd'])
  expect(await names(`${SERVICES}?labelSelector=side%20in%20(a,c)`)).toEqual(['a', 'c'])
  expect(await names(`${SERVICES}?fieldSelector=metadata.name=b`)).toEqual(['b'])
  const first = await ask('GET', `${SERVICES}?limit=2`)
  expect(first.body.metadata).toMatchObject({ remainingItemCount: 1 })
  const token = Reflect.get(Object(first.body.metadata), 'continue')
  expect(await names(`${SERVICES}?limit=2&continue=${token}`)).toEqual(['c'])
  expect(await ask('GET', `${SERVICES}?continue=xyz`)).toMatchObject({ status: 400 })
  expect(await ask('GET', `${SERVICES}?limit=-1`)).toMatchObject({ status: 422 })
})

test('a table has the columns that Knative defines, and ages', async () => {
  const { ask, part, clock } = await createApiBench()
  await ask('POST', TRIGGERS, triggerDocument('t'))
  await clock.advance(300_000)
  part.setStatus('t', {
    subscriberUri: 'http://a.test/',
    conditions: [{ type: 'Ready', status: 'False', reason: 'BrokerDoesNotExist' }],
  })
  const accept = {
    accept:
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
  }
  const { body } = await ask('GET', TRIGGERS, undefined, accept)
  expect(body).toMatchObject({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    columnDefinitions: ['Name', 'Broker', 'Subscriber_URI', 'Age', 'Ready', 'Reason'].map(name => ({
      name,
    })),
    rows: [
      {
        cells: ['t', 'default', 'http://a.test/', '5m', 'False', 'BrokerDoesNotExist'],
        object: { kind: 'PartialObjectMetadata', metadata: { name: 't', namespace: 'app' } },
      },
    ],
  })
  const one = await ask('GET', `${TRIGGERS}/t`, undefined, accept)
  expect(one.body).toMatchObject({ kind: 'Table', rows: [{ cells: expect.any(Array) }] })
  const yaml = await ask('GET', TRIGGERS, undefined, { accept: 'application/yaml' })
  expect(yaml.status).toBe(406)
})

test('a client finds every group, version and kind', async () => {
  const { ask } = await createApiBench()
  expect((await ask('GET', '/api')).body).toMatchObject({ versions: ['v1'] })
  const { body } = await ask('GET', '/apis')
  const groups = (body.groups as { name: string }[]).map(({ name }) => name)
  expect(groups).toEqual(
    expect.arrayContaining(['serving.knative.dev', 'eventing.knative.dev', 'sources.knative.dev']),
  )
  const list = await ask('GET', '/apis/serving.knative.dev/v1')
  expect(list.body).toMatchObject({
    kind: 'APIResourceList',
    groupVersion: 'serving.knative.dev/v1',
    resources: expect.arrayContaining([
      expect.objectContaining({ name: 'services', shortNames: ['kservice', 'ksvc'] }),
      expect.objectContaining({ name: 'revisions', verbs: ['delete', 'get', 'list', 'watch'] }),
    ]),
  })
  expect(await ask('GET', '/apis/nobody.dev/v1')).toMatchObject({ status: 404 })
  const index = await ask('GET', '/openapi/v3')
  for (const path of Object.keys(index.body.paths as object)) {
    expect(await ask('GET', `/openapi/v3/${path}`)).toMatchObject({
      status: 200,
      body: { openapi: '3.0.0' },
    })
    expect(await ask('GET', `/${path}`)).toMatchObject({ status: 200 })
  }
  expect((await ask('GET', '/version')).body).toMatchObject({ major: '1' })
  const sources = await ask(
    'GET',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?labelSelector=duck.knative.dev/source=true',
  )
  expect((sources.body.items ?? []).map(({ metadata: { name } }) => name)).toContain(
    'pingsources.sources.knative.dev',
  )
})

test('every version of a kind shows the same objects', async () => {
  const { ask } = await createApiBench()
  const at = (version: string): string =>
    `/apis/eventing.knative.dev/${version}/namespaces/app/eventtypes`
  expect(await ask('GET', at('v1beta2'))).toMatchObject({
    status: 200,
    body: { apiVersion: 'eventing.knative.dev/v1beta2', kind: 'EventTypeList' },
  })
  expect(await ask('GET', at('v2'))).toMatchObject({ status: 404 })
})

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

test('patches of another type are refused, also a strategic merge of a custom kind', async () => {
  const { ask } = await createApiBench()
  await ask('POST', SERVICES, serviceDocument('hello'))
  for (const type of ['application/strategic-merge-patch+json', 'application/json', 'text/plain']) {
    const answer = await ask('PATCH', `${SERVICES}/hello`, {}, { 'content-type': type })
    expect(answer).toMatchObject({ status: 415, body: { reason: 'UnsupportedMediaType' } })
  }
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

test('an error of our own goes to the log and not to the caller', async () => {
  const { ask, part, lines } = await createApiBench()
  part.refuse(new Error('the disk of /home/me is full'))
  expect(await ask('POST', SERVICES, serviceDocument('hello'))).toMatchObject({
    status: 500,
    body: { message: 'an unexpected error, see the log of the emulator' },
  })
  expect(lines).toMatchObject([{ level: 'error', message: expect.stringContaining('/home/me') }])
})

test('nobody gets in without the token, by another name, or from a page of another site', async () => {
  const { port } = await createApiBench()
  const path = `/_kubernetes${SERVICES}`
  const ask = (target: string, headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port, path: target, headers, agent: false }, response => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end()
    })
  const authorization = `Bearer ${TOKEN}`
  const own = `127.0.0.1:${port}`
  const cluster = 'kubernetes.default.svc'
  expect(await ask(path, { host: own, authorization })).toBe(200)
  expect(await ask(`/_kubernetes/~${TOKEN}${SERVICES}`, { host: own })).toBe(200)
  expect(await ask(SERVICES, { host: cluster, authorization })).toBe(200)
  expect(await ask(path, { host: own })).toBe(401)
  expect(await ask(path, { host: own, authorization: 'Bearer another' })).toBe(401)
  expect(await ask(path, { host: own, authorization: 'Bearer a-tokem' })).toBe(401)
  expect(await ask(`/_kubernetes/~another${SERVICES}`, { host: own, authorization })).toBe(401)
  expect(await ask('/_kubernetes/version', { host: own })).toBe(401)
  expect(await ask(SERVICES, { host: cluster })).toBe(401)
  expect(await ask(path, { host: own, authorization, origin: 'https://other.example' })).toBe(401)
  expect(await ask(path, { host: own, authorization, origin: 'http://localhost:3000' })).toBe(200)
  expect(await ask(path, { host: `rebound.example:${port}`, authorization })).toBe(418)
  expect(await ask('/_kubernetesx', { host: own, authorization })).toBe(418)
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
