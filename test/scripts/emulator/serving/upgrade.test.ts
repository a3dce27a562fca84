/** Connections that switch to another protocol. */
import { expect, test } from 'vitest'
import { askToSwitch, switched } from './http-client.ts'
import { createWorld, service, until } from './world.ts'

test('a WebSocket-like upgrade passes through from zero, and is in flight until it closes', async () => {
  const world = await createWorld([service('orders')])
  const { socket, text } = await switched(world)
  socket.write('ping over the socket')
  await until('echo', () => text().endsWith('ping over the socket'))
  expect(world.serving.status()[0]?.inFlight).toBe(1)
  socket.destroy()
  await until('closed', () => world.serving.status()[0]?.inFlight === 0)
})

test('an upgrade that the function declines is answered, and one for nobody gets 404', async () => {
  const world = await createWorld([service('orders')])
  const { text: declined } = askToSwitch(world, '/refuse')
  await until('403', () => declined().startsWith('HTTP/1.1 403') && declined().endsWith('no'))
  const { text: missing } = askToSwitch(world, '/', 'nobody.localhost')
  await until('404', () => missing().startsWith('HTTP/1.1 404'))
})
