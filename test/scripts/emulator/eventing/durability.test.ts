import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { temporaryDirectory, until } from './fixture.ts'

const ROUNDS = 20
const CHILD = new URL('./durability.fixture.ts', import.meta.url).pathname

interface Child {
  process: ChildProcess
  url: string
  /** kill -9, and gone. */
  kill(): Promise<void>
}

async function start(directory: string, sink: string): Promise<Child> {
  const child = spawn(process.execPath, [CHILD, directory, sink], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr?.on('data', chunk => {
    complaint += String(chunk)
  })
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', chunk => resolve(String(chunk).trim()))
    child.once('exit', () => reject(new Error(`the broker did not start: ${complaint}`)))
  })
  const kill = (): Promise<void> => {
    child.kill('SIGKILL')
    return gone
  }
  onTestFinished(kill)
  return { process: child, url: `http://127.0.0.1:${port}`, kill }
}

it('delivers every accepted event, and the replies to them, however often it is killed', async () => {
  const seen = { first: new Map<string, string>(), second: new Map<string, string>() }
  let calls = 0
  const sink = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    calls += 1
    if (calls % 7 === 0) return void response.writeHead(503).end()
    const id = String(request.headers['ce-id'])
    const body = Buffer.concat(chunks).toString()
    if (request.url === '/second') {
      seen.second.set(id, body)
      return void response.writeHead(202).end()
    }
    seen.first.set(id, body)
    const reply = {
      'ce-specversion': '1.0',
      'ce-id': `reply-${id}`,
      'ce-source': '/sink',
      'ce-type': 'second',
    }
    response.writeHead(200, reply).end(body)
  })
  await new Promise<void>(resolve => sink.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void sink.close())
  onTestFinished(() => sink.closeAllConnections())
  const sinkUrl = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`
  const directory = temporaryDirectory()
  const accepted = new Map<string, string>()
  let made = 0

  /** Several producers that post until the broker dies under them. */
  const produce = async (url: string): Promise<void> => {
    for (let n = 0; n < 500; n += 1) {
      made += 1
      const id = `e${made}`
      const body = `body of ${id}`
      const headers = {
        'ce-specversion': '1.0',
        'ce-id': id,
        'ce-source': '/test',
        'ce-type': 'first',
      }
      const response = await fetch(`${url}/app/default`, { method: 'POST', headers, body }).catch(
        () => undefined,
      )
      if (!response) return
      expect(response.status).toBe(202)
      accepted.set(id, body)
    }
  }

  for (let round = 0; round < ROUNDS; round += 1) {
    const child = await start(directory, sinkUrl)
    const producers = [produce(child.url), produce(child.url), produce(child.url)]
    const target = accepted.size + 1 + Math.floor(Math.random() * 40)
    await until(() => accepted.size >= target)
    await child.kill()
    await Promise.all(producers)
  }
  const last = await start(directory, sinkUrl)
  expect(await (await fetch(`${last.url}/idle`)).text()).toBe('idle')
  expect(accepted.size).toBeGreaterThanOrEqual(ROUNDS)
  const lost = [...accepted].filter(
    ([id, body]) => seen.first.get(id) !== body || seen.second.get(`reply-${id}`) !== body,
  )
  const record = async (id: string): Promise<unknown> =>
    (await fetch(`${last.url}/record/${id}`)).json()
  const stories = lost.map(async ([id]) => ({
    id,
    event: await record(id),
    reply: await record(`reply-${id}`),
  }))
  expect(await Promise.all(stories)).toEqual([])
}, 120_000)
