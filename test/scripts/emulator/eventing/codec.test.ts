import { HTTP, CloudEvent as SdkEvent } from 'cloudevents'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHttp, toBinary } from '../../../../scripts/emulator/eventing/codec.ts'
import { type CloudEvent, EventError } from '../../../../scripts/emulator/eventing/event.ts'
import { toStructured } from '../../../../scripts/emulator/eventing/structured.ts'
import { event } from './fixture.ts'

const BASE = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' }
const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
const NONE = new Uint8Array(0)

const parseBinary = (headers: Record<string, string>, body = ''): CloudEvent =>
  fromHttp({ ...BASE, ...headers }, Buffer.from(body))
const parseStructured = (document: unknown): CloudEvent =>
  fromHttp(
    STRUCTURED,
    Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)),
  )
const MINIMUM = { specversion: '1.0', id: '1', source: '/s', type: 't' }

const words = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
const RESERVED = [
  'data',
  'time',
  'subject',
  'dataschema',
  'datacontenttype',
  'id',
  'type',
  'source',
  'specversion',
]
const events = fc
  .record({
    id: words,
    type: words,
    subject: words,
    extensions: fc.dictionary(
      fc.stringMatching(/^[a-z][a-z0-9]{0,19}$/).filter(name => !RESERVED.includes(name)),
      words,
      { maxKeys: 5 },
    ),
    data: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  })
  .map(
    ({ id, type, subject, extensions, data }): CloudEvent => ({
      attributes: {
        ...extensions,
        specversion: '1.0',
        id,
        type,
        subject,
        source: '/property/test',
        time: '2026-02-28T23:59:59.123456+01:00',
        datacontenttype: 'application/octet-stream',
      },
      data,
    }),
  )

describe('round trips', () => {
  it('keeps any event through binary mode', () => {
    fc.assert(
      fc.property(events, original => {
        const { headers, body } = toBinary(original)
        for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]*$/)
        const back = fromHttp(headers, body)
        expect(back.attributes).toEqual(original.attributes)
        expect(Buffer.compare(back.data ?? NONE, original.data ?? NONE)).toBe(0)
      }),
    )
  })

  it('keeps any event through structured mode', () => {
    fc.assert(
      fc.property(events, original => {
        const back = fromHttp(STRUCTURED, toStructured(original))
        expect(back.attributes).toEqual(original.attributes)
        expect(Buffer.compare(back.data ?? NONE, original.data ?? NONE)).toBe(0)
      }),
    )
  })

  it('keeps the bytes of JSON data, whatever their order, spaces and digits', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('', ' ', '\n\t'), (json, space) => {
        const source = `{"id":"1",${space}"data"${space}:${space}${json}${space},"source":"/s","specversion":"1.0","type":"t"}`
        expect(Buffer.from(parseStructured(source).data ?? NONE).toString()).toBe(json)
      }),
    )
    const huge = '{"n":12345678901234567890.10, "a":"}\\"]"}'
    const source = JSON.stringify(MINIMUM).replace('{', `{"data":${huge},`)
    expect(Buffer.from(parseStructured(source).data ?? NONE).toString()).toBe(huge)
  })

  it('reads what the CloudEvents SDK writes', () => {
    const made = new SdkEvent({
      id: 'x',
      source: '/sdk',
      type: 'sdk.t',
      subject: 's',
      myext: 'v',
      data: { a: 1 },
    })
    for (const message of [HTTP.binary(made), HTTP.structured(made)]) {
      const read = fromHttp(
        message.headers as Record<string, string>,
        Buffer.from(String(message.body)),
      )
      expect(read.attributes).toMatchObject({
        id: 'x',
        source: '/sdk',
        type: 'sdk.t',
        subject: 's',
        myext: 'v',
      })
      expect(JSON.parse(Buffer.from(read.data ?? NONE).toString())).toEqual({ a: 1 })
    }
  })

  it('never fails on arbitrary bytes with anything but an EventError', () => {
    const headers = fc.dictionary(
      fc.constantFrom(
        'ce-id',
        'ce-source',
        'ce-type',
        'ce-specversion',
        'ce-time',
        'ce-x',
        'ce-',
        'CE-_',
        'content-type',
      ),
      fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom('1.0', 'application/cloudevents+json'),
      ),
    )
    fc.assert(
      fc.property(
        headers,
        fc.oneof(
          fc.uint8Array(),
          fc.json().map(text => Buffer.from(text)),
        ),
        (given, body) => {
          try {
            fromHttp(given, body)
          } catch (error) {
            expect(error).toBeInstanceOf(EventError)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('reading binary mode', () => {
  it('takes header names in any case and extension names in lower case', () => {
    const read = fromHttp(
      { 'CE-SpecVersion': '1.0', 'Ce-Id': '1', 'cE-source': '/s', 'CE-TYPE': 't', 'Ce-MyExt': 'v' },
      NONE,
    )
    expect(read).toEqual({ attributes: { ...MINIMUM, myext: 'v' } })
  })

  it.each([
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['"a \\"quoted\\" value"', 'a "quoted" value'],
    ['100%', '100%'],
    ['%zz', '%zz'],
    ['%2541', '%41'],
    [Buffer.from('naïve', 'utf8').toString('latin1'), 'naïve'],
  ])('decodes the header value %s once', (header, value) => {
    expect(parseBinary({ 'ce-x': header }).attributes.x).toBe(value)
  })

  it('encodes space, quote, percent and everything beyond printable ASCII', () => {
    const { headers } = toBinary(event({ x: ' "%é\n~!' }))
    expect(headers['ce-x']).toBe('%20%22%25%C3%A9%0A~!')
  })

  it('maps the content type and leaves the data alone', () => {
    const read = parseBinary({ 'content-type': 'text/plain' }, 'not {json')
    expect(read.attributes.datacontenttype).toBe('text/plain')
    expect(Buffer.from(read.data ?? NONE).toString()).toBe('not {json')
    expect(toBinary(read).headers['content-type']).toBe('text/plain')
  })

  it.each([
    [{ 'ce-id': '' }, '"id" must be a non-empty string, got nothing'],
    [{ 'ce-source': '' }, '"source" must be a non-empty string, got nothing'],
    [{ 'ce-specversion': '0.3' }, '"specversion" must be 1.0, got 0.3'],
    [{ 'ce-source': '%zz' }, '"source" must be a URI reference, got "%zz"'],
    [{ 'ce-source': '1:2' }, '"source" must be a URI reference, got "1:2"'],
    [{ 'ce-time': 'yesterday' }, '"time" must be an RFC 3339 timestamp, got "yesterday"'],
    [
      { 'ce-time': '2026-02-29T00:00:00Z' },
      '"time" must be an RFC 3339 timestamp, got "2026-02-29T00:00:00Z"',
    ],
    [{ 'ce-dataschema': '/relative' }, '"dataschema" must be an absolute URI, got "/relative"'],
    [{ 'content-type': 'not a type' }, '"datacontenttype" must be a media type, got "not a type"'],
    [{ 'ce-my_ext': 'v' }, 'attribute names must consist of letters and digits, got "my_ext"'],
    [{ 'ce-data': 'v' }, '"data" must not be used as an attribute name'],
    [{ 'ce-x': '%FF' }, '"ce-x" must be percent-encoded UTF-8, got other bytes'],
    [
      { 'content-type': 'application/cloudevents-batch+json' },
      'a batch of events is not accepted, send one event per request',
    ],
  ])('refuses %j', (headers, message) => {
    expect(() => parseBinary(headers)).toThrow(new EventError(message))
  })

  it('refuses a request that is no event at all', () => {
    expect(() => fromHttp({ 'content-type': 'application/json' }, Buffer.from('{}'))).toThrow(
      'a request must have "ce-specversion" or content type application/cloudevents+json, got neither',
    )
  })

  it('accepts leap days, lower-case zones and every form of source', () => {
    for (const time of ['2024-02-29T00:00:00z', '2026-01-01t00:00:00.5+23:59'])
      parseBinary({ 'ce-time': time })
    for (const source of [
      'urn:uuid:6e8b',
      'https://a.b/c?d#e',
      'mailto:x@y',
      '../up',
      'a b',
      '#frag',
    ]) {
      expect(parseBinary({ 'ce-source': source }).attributes.source).toBe(source)
    }
  })
})

describe('reading structured mode', () => {
  it('keeps the types of extensions and drops nulls', () => {
    const read = parseStructured({ ...MINIMUM, num: 5, flag: true, gone: null, subject: null })
    expect(read.attributes).toEqual({ ...MINIMUM, num: 5, flag: true })
  })

  it('takes a string as it is when the content type is not JSON, and base64 as bytes', () => {
    const plain = parseStructured({ ...MINIMUM, datacontenttype: 'text/plain', data: 'line\n' })
    expect(Buffer.from(plain.data ?? NONE).toString()).toBe('line\n')
    expect(parseStructured({ ...MINIMUM, data_base64: 'AP8=' }).data).toEqual(Buffer.from([0, 255]))
  })

  it.each([
    ['{', 'a structured event must be a JSON document in UTF-8, got something else'],
    ['[]', 'a structured event must be a JSON object, got another JSON value'],
    [{ ...MINIMUM, id: 7 }, '"id" must be a string, got number "7"'],
    [
      { ...MINIMUM, x: 1.5 },
      '"x" must be a string, a boolean or a 32-bit integer, got number "1.5"',
    ],
    [
      { ...MINIMUM, x: 2147483648 },
      '"x" must be a string, a boolean or a 32-bit integer, got number "2147483648"',
    ],
    [{ ...MINIMUM, x: {} }, '"x" must be a string, a boolean or a 32-bit integer, got an object'],
    [
      { ...MINIMUM, data_base64: '@@@' },
      '"data_base64" must be a base64 string, got something else',
    ],
    [
      { ...MINIMUM, data: 1, data_base64: 'AP8=' },
      'an event must have "data" or "data_base64", got both',
    ],
    [
      { ...MINIMUM, datacontenttype: 'text/plain', data: {} },
      '"data" must be a string for content type text/plain, got JSON',
    ],
    [
      '{"specversion":"1.0","id":"\\ud800","source":"/s","type":"t"}',
      '"id" must be well-formed Unicode, got a lone surrogate',
    ],
  ])('refuses %j', (document, message) => {
    expect(() => parseStructured(document)).toThrow(new EventError(message))
  })
})
