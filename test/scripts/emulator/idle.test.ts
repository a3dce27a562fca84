/** What `idle` waits for, and what it says when it waits in vain. */
import { expect, test } from 'vitest'
import { BROKER, started, trigger } from './test-api.fixture.ts'

const RETRYING = `delivery:
    retry: 2
    backoffPolicy: linear
    backoffDelay: PT1S
    deadLetterSink: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: dead } }
`

test('what waits for a virtual clock is told, and goes on when the clock is advanced', async () => {
  const dead: string[] = []
  const emulator = await started({
    manifests: [BROKER, trigger('orders', RETRYING)],
    handlers: {
      orders: () => new Response('busy', { status: 503 }),
      dead: request => {
        dead.push(request.headers.get('ce-knativeerrorcode') ?? '')
        return new Response(null, { status: 202 })
      },
    },
  })
  await emulator.publish({ type: 'order.placed', id: 'e1' })
  await expect(emulator.idle({ timeoutMs: 200 })).rejects.toThrow(
    /e1 order\.placed from \/test: retrying · shop\/orders retrying after \d tries .*503/,
  )
  await emulator.clock.advance(10_000)
  await emulator.idle()
  expect(dead).toEqual(['503'])
  expect(emulator.deadLetters()).toMatchObject([
    { trigger: 'shop/orders', failure: { code: 503 }, tries: 1 },
  ])
  expect(emulator.debug()).toContain('shop/orders deadLettered')
})

test('idle waits for requests in flight', async () => {
  const gate = Promise.withResolvers<Response>()
  const emulator = await started({ handlers: { slow: () => gate.promise } })
  const asked = emulator.request('slow')
  await expect(emulator.idle({ timeoutMs: 50 })).rejects.toThrow('not idle after 50 ms')
  gate.resolve(new Response('done'))
  await emulator.idle()
  expect(await (await asked).text()).toBe('done')
})

test('who waits for idle while a handler runs is told which, and is let go when it closes', async () => {
  const emulator = await started({ handlers: { slow: () => new Promise<Response>(() => {}) } })
  emulator.request('slow').catch(() => {})
  await expect(emulator.idle({ timeoutMs: 50 })).rejects.toThrow(/default\/slow .* 1 in flight/)
  const waiting = emulator.idle()
  await Promise.all([emulator.close(), expect(waiting).rejects.toThrow('the emulator is closed')])
  await expect(emulator.publish({ type: 'x' })).rejects.toThrow('the emulator is closed')
  await expect(emulator.request('slow')).rejects.toThrow('the emulator is closed')
  await expect(
    emulator.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }),
  ).rejects.toThrow('the emulator is closed')
})
