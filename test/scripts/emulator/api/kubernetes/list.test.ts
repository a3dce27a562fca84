/** Lists: which objects, in pages, as tables. */
import { expect, test } from 'vitest'
import { serviceDocument, triggerDocument } from '../../control/fixture.ts'
import { createApiBench, SERVICES, TRIGGERS } from './fixture.ts'

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
