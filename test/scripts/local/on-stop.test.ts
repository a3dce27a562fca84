import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'

const ON_STOP = new URL('../../../scripts/local/on-stop.ts', import.meta.url).href
const WAITING = `import { onStop } from '${ON_STOP}'
onStop(async signal => {
  await new Promise(resolve => setTimeout(resolve, 20))
  process.stdout.write(\`closed by \${signal}\`)
})`

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s runs the task to its end and exits with %i', async (signal, status) => {
  const { child, output } = await started(`${WAITING}; setInterval(() => {}, 1000)`)
  child.kill(signal)
  child.kill(signal)
  expect(await once(child, 'close')).toEqual([status, null])
  expect(output()).toBe(`closed by ${signal}`)
})

test('a parent that is gone ends it too', async () => {
  const { child, output } = await started(`${WAITING}; setInterval(() => {}, 1000)`)
  // A channel that was closed on this side leaves out the `close` of the child.
  const ended = Promise.all([once(child, 'exit'), child.stdout && once(child.stdout, 'end')])
  child.disconnect()
  expect((await ended)[0]).toEqual([143, null])
  expect(output()).toBe('closed by SIGTERM')
})

test('a task that fails is told, and the process ends all the same', async () => {
  const { child, output } = await started(`import { onStop } from '${ON_STOP}'
onStop(() => { throw new Error('no way') }); setInterval(() => {}, 1000)`)
  child.kill('SIGTERM')
  expect(await once(child, 'close')).toEqual([143, null])
  expect(output()).toBe('while stopping: no way\n')
})

test('it does not keep a process alive that has nothing more to do', async () => {
  const { child } = await started(WAITING)
  expect(child.exitCode ?? (await once(child, 'close'))[0]).toBe(0)
})

/** Resolves when the code has run. */
async function started(code: string): Promise<{ child: ChildProcess; output: () => string }> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', `${code}; process.send('ready')`],
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  )
  children.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', chunk => {
      text += chunk
    })
  }
  await once(child, 'message')
  return { child, output: () => text }
}
