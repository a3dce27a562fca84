import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory, until } from '../fixture.ts'

const SCRIPT = fileURLToPath(new URL('job-sink-process.ts', import.meta.url))
const SINK = `
apiVersion: sinks.knative.dev/v1alpha1
kind: JobSink
metadata: { name: work, namespace: app }
spec:
  job:
    spec:
      template:
        metadata:
          annotations:
            emulator.aiwfe.dev/command: sh -c "cp $K_EVENT_PATH/event event; echo $$ >> runs; while [ ! -e go ]; do sleep 0.05; done"
        spec: { containers: [{ name: work, image: some/work }] }
`

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
const isAlive = (pid: number): boolean => /^State:\s+[^Z]/m.test(read(`/proc/${pid}/status`))

async function start(folder: string): Promise<{ process: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [SCRIPT, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { process: child, port: Number(line.toString()) }
}

function ask(port: number, method: string, path: string): Promise<number> {
  const headers = {
    host: 'job-sink.knative-eventing.svc.cluster.local',
    'ce-specversion': '1.0',
    'ce-id': 'e1',
    'ce-source': 's',
    'ce-type': 't',
  }
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', method, path, headers }, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .once('error', reject)
      .end()
  })
}

test('a job that was accepted outlives kill -9, its process does not', async () => {
  const folder = temporaryDirectory()
  writeFileSync(join(folder, 'sink.yaml'), SINK)
  const runs = (): number[] => read(join(folder, 'runs')).split('\n').filter(Boolean).map(Number)
  const first = await start(folder)
  expect(await ask(first.port, 'POST', '/app/work')).toBe(202)
  await until(() => runs().length === 1)
  first.process.kill('SIGKILL')
  await until(() => !isAlive(runs()[0] ?? 0))

  const second = await start(folder)
  await until(() => runs().length === 2)
  expect(JSON.parse(read(join(folder, 'event')))).toMatchObject({ id: 'e1', type: 't' })
  const location = '/namespaces/app/name/work/sources/s/ids/e1'
  expect(await ask(second.port, 'GET', location)).toBe(202)
  writeFileSync(join(folder, 'go'), '')
  await until(() => !isAlive(runs()[1] ?? 0))
  const end = performance.now() + 10_000
  while ((await ask(second.port, 'GET', location)) !== 200)
    expect(performance.now()).toBeLessThan(end)
})
