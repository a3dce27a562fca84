import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createOutboundSend } from '../../../../scripts/emulator/serving/outbound-send.ts'
import { closeServer, listen } from '../../../../scripts/emulator/stores/listen.ts'
import { until } from './world.ts'

test('an answer from outside is cut off at a limit, and its connection with it', async () => {
  let open = 0
  const outside = createServer((_request, response) => {
    open++
    response.on('close', () => open--)
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    }
    response.on('drain', more)
    more()
  })
  onTestFinished(() => closeServer(outside))
  const port = await listen(outside)
  const outbound = createOutboundSend({
    ingressHost: '127.0.0.1',
    ingressPort: 1,
    isLocal: () => false,
  })
  onTestFinished(() => outbound.close())
  const request = { url: `http://127.0.0.1:${port}/`, method: 'GET', headers: {} }
  const { status, body } = await outbound.send(request)
  expect([status, Buffer.from(body).toString()]).toEqual([
    502,
    'the answer has more than 4194304 bytes',
  ])
  await until('let go', () => open === 0)
})
