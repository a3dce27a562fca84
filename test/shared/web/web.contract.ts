/** One suite for the web classes of the platform and for ours, which take their place in bundles. */
import { describe, expect, test } from 'vitest'

/** The classes under test. */
export interface WebTarget {
  Headers: typeof Headers
  Request: typeof Request
  Response: typeof Response
}

/** Declares the suite for one target. */
export function webContract(name: string, { Headers, Request, Response }: WebTarget): void {
  describe(`web classes: ${name}`, () => {
    test('headers are case-insensitive, joined and sorted', () => {
      const headers = new Headers({ 'X-B': '1' })
      headers.append('x-a', 'x')
      headers.append('X-A', 'y')
      expect([...headers]).toEqual([
        ['x-a', 'x, y'],
        ['x-b', '1'],
      ])
      expect(headers.get('x-A')).toBe('x, y')
      expect(headers.get('nope')).toBeNull()
    })

    test('cookies stay apart', () => {
      const headers = new Headers([['set-cookie', 'a=1']])
      headers.append('Set-Cookie', 'b=2')
      expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
      expect([...headers]).toEqual([
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ])
    })

    test('setting replaces, deleting removes', () => {
      const headers = new Headers([
        ['a', '1'],
        ['b', '2'],
      ])
      headers.set('A', '3')
      headers.delete('B')
      expect(headers.has('b')).toBe(false)
      expect(Object.fromEntries(headers)).toEqual({ a: '3' })
    })

    test('a header with a line break or a bad name is refused', () => {
      const headers = new Headers()
      expect(() => headers.set('x', 'a\r\nb: c')).toThrow(TypeError)
      expect(() => headers.set('a b', 'c')).toThrow(TypeError)
    })

    test('a value loses the white space around it', () => {
      expect(new Headers({ a: ' b ' }).get('a')).toBe('b')
    })

    test('a request keeps its parts', async () => {
      const request = new Request('http://host/path?q=1', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"a":1}',
      })
      expect([request.method, request.url]).toEqual(['POST', 'http://host/path?q=1'])
      expect(request.headers.get('content-type')).toBe('application/json')
      expect(await request.json()).toEqual({ a: 1 })
    })

    test('a body is read once', async () => {
      const request = new Request('http://host/', { method: 'POST', body: 'text' })
      expect(request.bodyUsed).toBe(false)
      expect(await request.text()).toBe('text')
      expect(request.bodyUsed).toBe(true)
      await expect(request.text()).rejects.toThrow(TypeError)
    })

    test('a clone has a body of its own', async () => {
      const request = new Request('http://host/', { method: 'POST', body: 'text' })
      expect(await request.clone().text()).toBe('text')
      expect(await request.text()).toBe('text')
    })

    test('a response has status, type and text', async () => {
      const response = new Response('héllo', { status: 201 })
      expect([response.status, response.ok]).toEqual([201, true])
      expect(response.headers.get('content-type')?.toLowerCase()).toBe('text/plain;charset=utf-8')
      expect(await response.text()).toBe('héllo')
    })

    test('a response of bytes gives the same bytes', async () => {
      const bytes = new Uint8Array([0, 255, 128])
      const response = new Response(bytes)
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
    })

    test('a response without a body has none', () => {
      expect(new Response(null, { status: 204 }).body).toBeNull()
    })

    test('a JSON response says so', async () => {
      const response = Response.json({ a: [1] }, { status: 202 })
      expect(response.headers.get('content-type')).toBe('application/json')
      expect([response.status, await response.json()]).toEqual([202, { a: [1] }])
    })

    test('a redirect has its place', () => {
      const response = Response.redirect('http://host/next', 303)
      expect([response.status, response.headers.get('location')]).toEqual([303, 'http://host/next'])
    })

    test('a body streams through its reader', async () => {
      const reader = new Response('abc').body?.getReader()
      const parts: string[] = []
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
        if (done) break
        parts.push(new TextDecoder().decode(value))
      }
      expect(parts.join('')).toBe('abc')
    })

    test('a streamed body is passed on chunk by chunk', async () => {
      const stream = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('a'))
          controller.enqueue(new TextEncoder().encode('b'))
          controller.close()
        },
      })
      expect(await new Response(stream).text()).toBe('ab')
    })

    test('a status outside 200 to 599 is refused', () => {
      expect(() => new Response('', { status: 99 })).toThrow(RangeError)
    })
  })
}
