import { execFileSync, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { closeServer, listen } from '../../../../scripts/emulator/stores/listen.ts'
import { temporaryDirectory, until } from './fixture.ts'

const CHILD = new URL('./durability.fixture.ts', import.meta.url).pathname
/** In units of 1024 bytes, as bash counts; the journal's log is full after some dozens of events. */
const LIMIT = 800
const BODY = 'x'.repeat(20_000)

/** A full disk as a process sees it: files of its own cannot grow, until the limit is lifted. */
function canLimit(): boolean {
  try {
    execFileSync('prlimit', ['--version'])
    return process.platform === 'linux'
  } catch {
    return false
  }
}

it.skipIf(!canLimit())(
  'a full disk refuses events with 500, loses none that it took, and is forgotten when there is space again',
  async () => {
    const seen = new Set<string>()
    const sink = createServer((request, response) => {
      seen.add(String(request.headers['ce-id']))
      request.resume()
      request.on('end', () => response.writeHead(202).end())
    })
    const sinkPort = await listen(sink)
    onTestFinished(() => closeServer(sink))
    const script = `trap '' XFSZ; ulimit -S -f ${LIMIT}; exec "$0" "$@"`
    const args = ['-c', script, process.execPath, CHILD, temporaryDirectory()]
    const child = spawn('bash', [...args, `http://127.0.0.1:${sinkPort}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', chunk => {
      said += String(chunk)
    })
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', chunk => resolve(String(chunk).trim()))
      child.once('exit', () => reject(new Error(`the broker did not start: ${said}`)))
    })
    const accepted: string[] = []
    const post = async (id: string): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${port}/app/default`, {
        method: 'POST',
        headers: {
          'ce-specversion': '1.0',
          'ce-id': id,
          'ce-source': '/t',
          'ce-type': 'first',
        },
        body: BODY,
      })
      if (response.status === 202) accepted.push(id)
      else expect(await response.text()).toBe('the event could not be stored')
      return response.status
    }

    let status = 202
    for (let n = 0; n < 200 && status === 202; n += 1) status = await post(`e${n}`)
    expect(status).toBe(500)
    expect(accepted.length).toBeGreaterThan(3)
    expect(said).toMatch(/error broker +event not stored: Error: cannot write .*events\.db/)

    execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:'])
    let tries = 0
    let answered = 500
    await until(() => {
      tries += 1
      if (answered !== 202) void post(`again${tries}`).then(each => (answered = each))
      return answered === 202
    })
    expect(await (await fetch(`http://127.0.0.1:${port}/idle`)).text()).toBe('idle')
    expect(accepted.filter(id => !seen.has(id))).toEqual([])
  },
  60_000,
)
