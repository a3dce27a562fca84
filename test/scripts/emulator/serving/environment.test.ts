import { expect, test } from 'vitest'
import { createWorld, runFixture, service } from './world.ts'

test('the image overrides the emulator, the Service overrides the image, nobody overrides Knative', async () => {
  const world = await createWorld([service('orders', { vars: { SECRET_OF: 'service' } })], {
    resolveCommand: async resource => ({
      ...(await runFixture(resource)),
      env: {
        NO_PROXY: 'image',
        GREETING: 'image',
        SECRET_OF: 'image',
        K_SERVICE: 'image',
        K_REVISION: 'image',
        K_CONFIGURATION: 'image',
        PORT: '1',
      },
    }),
  })
  const { json } = await world.call('orders.localhost')
  expect(json.env).toEqual({
    PORT: expect.stringMatching(/^\d{3,}$/),
    K_SERVICE: 'orders',
    K_CONFIGURATION: 'orders',
    K_REVISION: 'orders-00001',
    HTTP_PROXY: world.ingress.url,
    NO_PROXY: 'image',
    GREETING: 'image',
    SECRET_OF: 'service',
  })
})
