/** Functions that are handlers of the test itself. */
import { expect, test } from 'vitest'
import { started } from './test-api.fixture.ts'

test('a handler that throws answers 500, and the log says why', async () => {
  const emulator = await started({
    handlers: {
      broken: () => {
        throw new Error('no luck')
      },
    },
  })
  expect((await emulator.request('broken')).status).toBe(500)
  expect(emulator.logs('broken')).toMatchObject([
    { level: 'error', message: expect.stringContaining('no luck') },
  ])
})

test('a handler that returns no Response is told so, by the log as well', async () => {
  const emulator = await started({ handlers: { forgetful: () => undefined as never } })
  expect((await emulator.request('forgetful')).status).toBe(500)
  expect(emulator.logs('forgetful')).toMatchObject([
    { level: 'error', message: expect.stringContaining('must return a Response, got undefined') },
  ])
})

test('a Service that is code needs no process, whatever its scale says, and may be applied', async () => {
  const service = (image: string): Record<string, unknown> => ({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'code', namespace: 'shop' },
    spec: {
      template: {
        metadata: { annotations: { 'autoscaling.knative.dev/min-scale': '1' } },
        spec: { containers: [{ image }] },
      },
    },
  })
  const emulator = await started({
    manifests: service('registry.test/a'),
    handlers: { code: () => new Response('code') },
  })
  await emulator.clock.advance(10_000)
  const { status, spec } = await emulator.apply(service('registry.test/b'), { wait: true })
  await emulator.clock.advance(10_000)
  expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
  expect(JSON.stringify(spec)).toContain('"autoscaling.knative.dev/min-scale":"1"')
  expect(await (await emulator.request('code')).text()).toBe('code')
  expect(emulator.logs().filter(({ level }) => level === 'error')).toEqual([])
})
