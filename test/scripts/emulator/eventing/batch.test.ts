import { expect, it } from 'vitest'
import { type BenchOptions, bench, trigger } from './fixture.ts'
import { type Posting, posting } from './posting.ts'

const BATCH = { 'content-type': 'application/cloudevents-batch+json' }
const one = (id: string, rest: Record<string, unknown> = {}): Record<string, unknown> => ({
  specversion: '1.0',
  id,
  source: '/s',
  type: 't',
  ...rest,
})

async function opened(options: BenchOptions = {}) {
  const base = await bench({ batch: true, ...options })
  const { post }: Posting = await posting(base)
  return { ...base, send: (body: string) => post('/app/default', BATCH, body) }
}

it('a batch is taken event by event when it is allowed', async () => {
  const { eventing, requests, send } = await opened({ triggers: [trigger('one')] })
  const large = '"data":{"x":10000000000000001}'
  const first = JSON.stringify(one('a')).replace('}', `,${large}}`)
  const body = ` [ ${first} ,\n${JSON.stringify(one('b'))} ] `
  expect(await send(body)).toMatchObject({ status: 202, body: '' })
  await eventing.idle()
  expect(requests.map(({ headers }) => headers['ce-id']).sort()).toEqual(['a', 'b'])
  expect(Buffer.from(eventing.event('a')?.data ?? []).toString()).toBe('{"x":10000000000000001}')
})

it.each([
  ['[]', 202, ''],
  ['{}', 400, 'a batch must be a JSON array in UTF-8, got something else'],
  ['[', 400, 'a batch must be a JSON array in UTF-8, got something else'],
  ['[1]', 400, 'a structured event must be a JSON object, got another JSON value'],
  [
    JSON.stringify([one('a'), one('b', { type: '' })]),
    400,
    '"type" must be a non-empty string, got nothing',
  ],
])('the batch %s is answered %i', async (body, status, message) => {
  const { eventing, send } = await opened()
  expect(await send(body)).toMatchObject({ status, body: message })
  expect(eventing.events({ limit: 9, state: 'filtered' })).toEqual([])
})

it('a batch is refused as Knative refuses it when nobody allowed it', async () => {
  const { send } = await opened({ batch: false })
  expect(await send('[]')).toMatchObject({
    status: 400,
    body: 'a batch of events is not accepted, send one event per request',
  })
})
