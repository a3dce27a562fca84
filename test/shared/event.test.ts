import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../shared/errors.ts'
import { type CloudEvent, encodeEvent, parseEvent } from '../../shared/event.ts'

const structured: [string, string][] = [['content-type', 'application/cloudevents+json']]
const event: CloudEvent = {
  specversion: '1.0',
  id: '1',
  source: '/test',
  type: 'a.b',
  subject: 'ünï',
  time: '2026-01-02T03:04:05.678Z',
  datacontenttype: 'application/json',
  data: { a: [1, null, 'x'] },
  extensions: { traceparent: '00-a', count: 3 },
}

describe('events', () => {
  test('what is encoded is read back', async () => {
    const { headers, body } = await encodeEvent(event)
    expect(parseEvent(Object.entries(headers), body)).toEqual(event)
  })

  test('any JSON data survives the way there and back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async data => {
        const { headers, body } = await encodeEvent({ ...event, data })
        const read = parseEvent(Object.entries(headers), body)
        expect(read.data).toEqual(JSON.parse(JSON.stringify(data)))
      }),
      { numRuns: 200 },
    )
  })

  test('binary mode decodes percent-encoded attributes', () => {
    const read = parseEvent(
      [
        ['CE-SpecVersion', '1.0'],
        ['ce-id', '1'],
        ['ce-source', '/s'],
        ['ce-type', 't'],
        ['ce-subject', 'Euro%20%E2%82%AC'],
        ['content-type', 'application/json'],
      ],
      '{"a":1}',
    )
    expect(read).toMatchObject({ subject: 'Euro €', data: { a: 1 }, extensions: {} })
  })

  test.each([
    ['application/json', { a: 1 }],
    ['application/vnd.x+json; charset=utf-8', { a: 1 }],
    ['application/octet-stream', Buffer.from('{"a":1}')],
  ])('base64 data of the type %s is read as what it is', (datacontenttype, data) => {
    const body = { specversion: '1.0', id: '1', source: '/s', type: 't', datacontenttype }
    const data_base64 = Buffer.from('{"a":1}').toString('base64')
    expect(parseEvent(structured, JSON.stringify({ ...body, data_base64 })).data).toEqual(data)
  })

  test.each([
    ['{', 'the body is not valid JSON'],
    ['[]', 'a structured CloudEvent must be a JSON object'],
    ['{"id":"1","source":"/s","type":"t"}', '"specversion" must be 1.0, got nothing'],
    [
      '{"specversion":"1.0","source":"/s","type":"t"}',
      '"id" must be a non-empty string, got nothing',
    ],
    [
      '{"specversion":"1.0","id":7,"source":"/s","type":"t"}',
      '"id" must be a non-empty string, got 7',
    ],
    [
      '{"specversion":"1.0","id":"1","source":"/s","type":"t","x":{}}',
      '"x" must be a string, number or boolean',
    ],
  ])('%s is refused: %s', (body, message) => {
    expect(() => parseEvent(structured, body)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message }),
    )
  })

  test('a request that is no event says what an event would have', () => {
    expect(() => parseEvent([['content-type', 'text/plain']], 'x')).toThrow('not a CloudEvent')
  })

  test('no bytes make it throw anything but a foreseen error', () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), fc.string()), (body, headers) => {
        try {
          parseEvent(Object.entries(headers).concat(structured), body)
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
        }
      }),
    )
  })
})
