import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'

const CHILD = new URL('../../fixtures/processes/ingress.ts', import.meta.url).pathname
/** Enough for Node itself, and for some dozens of connections. */
const LIMIT = 80
const CLIENTS = 150

it.skipIf(process.platform === 'win32')(
  'an ingress with too many open files drops what it cannot take, and serves again when there are fewer',
  async () => {
    const child = spawn('sh', ['-c', `ulimit -n ${LIMIT}; exec "$0" "$@"`, process.execPath, CHILD])
    onTestFinished(() => void child.kill('SIGKILL'))
    const [first] = await once(child.stdout, 'data')
    const port = Number(String(first))
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => open(port)))
    await expect.poll(() => clients.filter(({ closed }) => closed).length).toBeGreaterThan(0)
    await Promise.all(clients.map(close))
    await expect.poll(() => get(port)).toBe('here')
    expect(child.exitCode).toBeNull()
  },
)

/** Resolves when the system took it, accepted or not. */
async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

async function close(socket: Socket): Promise<void> {
  if (socket.closed) return
  const closed = once(socket, 'close')
  socket.destroy()
  await closed
}

async function get(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
  return answer ? await answer.text() : 'nothing'
}
