import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fetch as lightFetch } from '../../../shared/web/fetch.ts'

let base = ''
const server = createServer((request, response) => void answer(request, response))

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** The same cases for the platform's fetch and for ours. */
for (const [name, fetch] of Object.entries({
  platform: globalThis.fetch,
  ours: lightFetch as unknown as typeof globalThis.fetch,
})) {
  test(`${name}: sends method, headers and body, and reads the answer`, async () => {
    const response = await fetch(`${base}/echo?a=1`, {
      method: 'PUT',
      headers: { 'x-test': 'yes' },
      body: 'héllo',
    })
    expect([response.status, response.headers.get('x-seen')]).toEqual([200, 'PUT /echo?a=1 yes'])
    expect(await response.text()).toBe('héllo')
  })

  test(`${name}: any status resolves`, async () => {
    const response = await fetch(`${base}/status/503`)
    expect([response.ok, response.status]).toEqual([false, 503])
    await response.text()
  })

  test(`${name}: an unreachable host rejects with a TypeError`, async () => {
    await expect(fetch('http://127.0.0.1:1/')).rejects.toThrow(TypeError)
  })

  test(`${name}: an abort rejects with the signal's reason`, async () => {
    const controller = new AbortController()
    const pending = fetch(`${base}/hang`, { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(pending).rejects.toThrow('enough')
  })

  test(`${name}: a streamed answer arrives piece by piece`, async () => {
    const response = await fetch(`${base}/drip`)
    const parts: string[] = []
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      parts.push(new TextDecoder().decode(chunk))
    }
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.join('')).toBe('one two three ')
  })

  test(`${name}: a cut answer is an error, not an end`, async () => {
    const response = await fetch(`${base}/cut`)
    await expect(response.text()).rejects.toThrow()
  })

  test(`${name}: the answer to HEAD and a 204 have no body`, async () => {
    expect((await fetch(`${base}/echo`, { method: 'HEAD' })).body).toBeNull()
    expect((await fetch(`${base}/status/204`)).body).toBeNull()
  })
}

test('a streamed request ends its source when the connection breaks', async () => {
  let ended = false
  async function* endless(): AsyncIterable<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(256 * 1024)
    } finally {
      ended = true
    }
  }
  await expect(lightFetch(`${base}/break`, { method: 'POST', body: endless() })).rejects.toThrow(
    'fetch failed',
  )
  await expect.poll(() => ended).toBe(true)
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '/'
  if (path.startsWith('/status/')) return void response.writeHead(Number(path.slice(8))).end()
  if (path === '/hang') return
  if (path === '/break') return void setTimeout(() => request.destroy(), 50)
  if (path === '/cut') {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half')
    setTimeout(() => response.destroy(), 10)
    return
  }
  if (path === '/drip') {
    for (const word of ['one ', 'two ', 'three ']) {
      response.write(word)
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    return void response.end()
  }
  response.setHeader('x-seen', `${request.method} ${path} ${request.headers['x-test']}`)
  request.pipe(response)
}
