import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeSse, parseSse, type SseEvent, type SseMessage, sse } from '../../shared/sse.ts'

const encoder = new TextEncoder()

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncIterable<Uint8Array> {
  let from = 0
  for (const size of sizes) {
    if (from >= bytes.length) return
    yield bytes.subarray(from, from + size)
    from += size
  }
  if (from < bytes.length) yield bytes.subarray(from)
}

async function read(text: string, sizes: readonly number[] = []): Promise<SseMessage[]> {
  return Array.fromAsync(parseSse(cut(encoder.encode(text), sizes)))
}

describe('parseSse', () => {
  it('reads what encodeSse writes, however it is cut and whatever ends the lines', async () => {
    const word = fc
      .string({ unit: 'binary', minLength: 1 })
      .map(text => text.replaceAll(/[\r\n\0]/g, '~'))
    const data = fc
      .string({ unit: 'binary' })
      .map(text => text.replaceAll(/\r\n?/g, '\n').replaceAll('\0', ''))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ event: word, id: word, data }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 7 })),
        fc.constantFrom('\n', '\r', '\r\n'),
        async (events, sizes, ending) => {
          const text = events.map(encodeSse).join('').replaceAll('\n', ending)
          // A lone surrogate cannot be sent in UTF-8; a leading space of a value is the separator's.
          expect(await read(text, sizes)).toEqual(
            events.map(event => ({ ...event, ...toWellFormed(event) })),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  it('follows the standard on comments, unnamed fields, lasting ids and an event without its end', async () => {
    const text =
      '\uFEFF: comment\nid: 7\ndata:a\ndata: b\n\nretry: 5\nevent: x\n\ndata\n\ndata: lost\n'
    expect(await read(text)).toEqual([
      { event: 'message', id: '7', data: 'a\nb' },
      { event: 'message', id: '7', data: '' },
    ])
  })

  it('does not wait for the byte after a carriage return', async () => {
    async function* open(): AsyncIterable<Uint8Array> {
      yield encoder.encode('data: now\r\r')
      await new Promise(() => {})
    }
    const { value } = await parseSse(open())[Symbol.asyncIterator]().next()
    expect(value).toEqual({ event: 'message', id: '', data: 'now' })
  })

  it('refuses an event beyond all measure', async () => {
    async function* endless(): AsyncIterable<Uint8Array> {
      for (let mib = 0; mib < 20; mib += 1) yield new Uint8Array(1024 * 1024).fill(97)
    }
    await expect(Array.fromAsync(parseSse(endless()))).rejects.toMatchObject({
      code: 'upstream_error',
    })
  })
})

describe('sse', () => {
  const signal = new AbortController().signal

  it('answers with every event and ends', async () => {
    async function* source(): AsyncIterable<SseEvent> {
      yield { data: { a: 1 } }
      yield { event: 'end', id: '2', data: 'two\nlines' }
    }
    const response = sse(source(), { signal })
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toBe(
      'data: {"a":1}\n\nevent: end\nid: 2\ndata: two\ndata: lines\n\n',
    )
  })

  it('says that it is alive while nothing happens', async () => {
    async function* silent(): AsyncIterable<SseEvent> {
      await new Promise(() => {})
      yield { data: '' }
    }
    const response = sse(silent(), { signal, heartbeatMs: 5 })
    const { value } = (await response.body?.getReader().read()) ?? {}
    expect(new TextDecoder().decode(value)).toMatch(/^:.*\n\n$/)
  })

  it('ends with an error event that hides what was not foreseen', async () => {
    const seen: unknown[] = []
    async function* failing(): AsyncIterable<SseEvent> {
      yield { data: 1 }
      throw new Error('password of the database')
    }
    const text = await sse(failing(), { signal, onError: error => seen.push(error) }).text()
    expect(text).toContain('event: error\ndata: {"error":{"code":"internal"')
    expect(text).not.toContain('password')
    expect(seen).toHaveLength(1)
  })

  it.each(['cancel', 'abort'])('stops its source on %s', async how => {
    const client = new AbortController()
    let stopped: () => void = () => {}
    const done = new Promise<void>(resolve => {
      stopped = resolve
    })
    async function* source(): AsyncIterable<SseEvent> {
      try {
        for (let n = 0; ; n += 1) yield { data: n }
      } finally {
        stopped()
      }
    }
    const reader = sse(source(), { signal: client.signal }).body?.getReader()
    await reader?.read()
    if (how === 'cancel') await reader?.cancel()
    else client.abort()
    await done
  })
})

function toWellFormed<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(value).map(([key, text]) => [key, String(text).toWellFormed()]),
  ) as Partial<T>
}
