/** A broker that can be ended by force and started again, with a subscriber that outlives it. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The broker and its subscriber. */
export interface KillableBroker {
  /** Runs it on what it kept; resolves with its address. */
  start(): Promise<string>
  /** kill -9, and gone. */
  kill(): Promise<void>
  /** What the subscriber answers from now on. */
  answer(status: number): void
  /** The ids of the events that the subscriber took with a 2xx. */
  taken(): readonly string[]
  close(): Promise<void>
}

const PROCESS = fileURLToPath(new URL('./broker-process.ts', import.meta.url))

/** A subscriber that refuses at first, and a broker that does not run yet. */
export async function createKillableBroker(): Promise<KillableBroker> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'))
  const taken: string[] = []
  let status = 503
  let kill = (): Promise<void> => Promise.resolve()
  const subscriber = createServer((request, response) => {
    request.resume()
    if (status < 300) taken.push(String(request.headers['ce-id']))
    response.writeHead(status).end()
  })
  await new Promise<void>(resolve => subscriber.listen(0, '127.0.0.1', resolve))
  const { port } = subscriber.address() as AddressInfo

  function start(): Promise<string> {
    const child = spawn(process.execPath, [PROCESS, directory, `http://127.0.0.1:${port}/`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
    kill = () => {
      child.kill('SIGKILL')
      return gone
    }
    return new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve)
      child.once('exit', code => reject(new Error(`the broker ended with ${code}`)))
    })
  }

  return {
    start,
    kill: () => kill(),
    answer: next => {
      status = next
    },
    taken: () => taken,
    async close() {
      await kill()
      subscriber.closeAllConnections()
      subscriber.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
