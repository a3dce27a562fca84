import { createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import type { Send } from '../../../../scripts/emulator/network.ts'
import { bench, DEFAULT_BROKER, DLQ, event, trigger } from './fixture.ts'

const HTML = '<html>oops</html>'

/** What goes over the wire for each connection; a subscriber may stop wherever it likes. */
async function raw(answers: readonly ((socket: Socket) => void)[]): Promise<string> {
  const sockets = new Set<Socket>()
  let count = 0
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      answers[Math.min(count, answers.length - 1)]?.(socket)
      count += 1
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`
}

const overHttp: Send = async ({ url, method, headers, body, signal }) => {
  if (url === 'http://dlq.test/') return { status: 202, headers: {}, body: new Uint8Array(0) }
  const response = await fetch(url, {
    method,
    headers: { ...headers, connection: 'close' },
    ...(body && { body: Buffer.from(body) }),
    signal: signal ?? null,
    redirect: 'manual',
  })
  const bytes = new Uint8Array(await response.arrayBuffer())
  return { status: response.status, headers: Object.fromEntries(response.headers), body: bytes }
}

const whole =
  (head: string, body = '') =>
  (socket: Socket) =>
    socket.end(
      `HTTP/1.1 ${head}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    )

it.each<[string, (socket: Socket) => void, object]>([
  ['hangs', () => {}, { error: 'no answer within 150 ms' }],
  [
    'answers a half',
    socket => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
    { error: expect.any(String) },
  ],
  ['hangs up', socket => void socket.destroy(), { error: expect.any(String) }],
  [
    'answers what is not HTTP',
    socket => socket.end('hello\r\n\r\n'),
    { error: expect.any(String) },
  ],
  [
    'answers HTML',
    whole('200 OK\r\ncontent-type: text/html', HTML),
    { status: 502, error: 'answered 200 with a body that is not a CloudEvent' },
  ],
])(
  'a subscriber that %s is tried again, and then its event is a dead letter',
  async (_name, bad, attempt) => {
    const uri = await raw([bad])
    const delivery = { retry: 1, timeoutMs: 150, ...DLQ }
    const { eventing } = await bench({
      triggers: [trigger('bad', { subscriber: { uri }, delivery })],
      send: overHttp,
    })
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    const record = eventing.event('e1')
    expect(record?.state).toBe('deadLettered')
    expect(record?.deliveries[0]?.attempts).toMatchObject([
      attempt,
      attempt,
      { to: 'deadLetterSink', status: 202 },
    ])
  },
)

it.each(['301 Moved', '304 Not Modified', '300 Choices'])(
  'a subscriber that answers %s without a Location is not tried again',
  async head => {
    const uri = await raw([whole(head)])
    const { eventing } = await bench({
      triggers: [trigger('odd', { subscriber: { uri }, delivery: { retry: 3, ...DLQ } })],
      send: overHttp,
    })
    await eventing.publish(DEFAULT_BROKER, event())
    await eventing.idle()
    expect(eventing.event('e1')).toMatchObject({
      state: 'deadLettered',
      deliveries: [{ attempts: [{ status: Number(head.slice(0, 3)) }, { status: 202 }] }],
    })
  },
)
