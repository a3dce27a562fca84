/** What a function sees of its client's headers. */
import { expect, test } from 'vitest'
import { send } from './http-client.ts'
import { createWorld, service } from './world.ts'

test('a function sees its own Host, the forwarding headers, and none of the hop', async () => {
  const world = await createWorld([service('orders')])
  const { json } = await send(world, {
    headers: {
      host: 'orders.test.localhost',
      'x-forwarded-for': '10.1.2.3',
      'x-forwarded-host': 'shop.test',
      'x-forwarded-proto': 'https',
      'knative-serving-revision': 'other',
      connection: 'x-private, keep-alive',
      'x-private': '1',
      te: 'trailers',
      'x-kept': 'yes',
    },
  })
  const headers = json.headers as Record<string, string>
  expect(headers).toMatchObject({
    host: 'orders.test.localhost',
    'x-forwarded-for': '10.1.2.3, 127.0.0.1',
    'x-forwarded-proto': 'https',
    forwarded: 'for=10.1.2.3;host=shop.test;proto=https, for=127.0.0.1',
    'k-proxy-request': 'activator',
    te: 'trailers',
    'x-kept': 'yes',
  })
  for (const name of ['x-private', 'knative-serving-revision']) {
    expect(headers).not.toHaveProperty(name)
  }
})

test('a Forwarded header of the client is left alone', async () => {
  const world = await createWorld([service('orders')])
  const { json } = await send(world, { headers: { host: 'orders.localhost', forwarded: 'for=_x' } })
  expect(json.headers).toMatchObject({ forwarded: 'for=_x' })
})

test('an IPv6 address is quoted in Forwarded', async () => {
  const world = await createWorld([service('orders')])
  const { json } = await send(world, { headers: { 'x-forwarded-for': '2001:db8::1, [::2]' } })
  expect(json.headers).toMatchObject({
    forwarded: 'for="[2001:db8::1]";proto=http, for="[::2]", for=127.0.0.1',
  })
})

test('a client that would rather speak HTTP/2 is answered in HTTP/1.1', async () => {
  const world = await createWorld([service('orders')])
  const { status, json } = await send(world, {
    headers: {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABk',
    },
  })
  expect(status).toBe(200)
  expect(json.headers).not.toHaveProperty('upgrade')
  expect(json.headers).not.toHaveProperty('http2-settings')
})
