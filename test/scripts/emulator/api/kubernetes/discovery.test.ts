/** How a client finds what there is. */
import { expect, test } from 'vitest'
import { createApiBench } from './fixture.ts'

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
