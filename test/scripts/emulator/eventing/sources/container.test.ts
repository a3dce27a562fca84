import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../fixture.ts'
import { world } from '../resources.fixture.ts'

const source = (command: string, sink = 'http://sink.test/'): string => `
apiVersion: sources.knative.dev/v1
kind: ContainerSource
metadata: { name: feed, namespace: app }
spec:
  sink: { uri: "${sink}" }
  ceOverrides: { extensions: { team: blue } }
  template:
    metadata:
      annotations: { emulator.aiwfe.dev/command: ${JSON.stringify(command)} }
    spec:
      containers: [{ name: feed, image: some/feed, env: [{ name: OWN, value: mine }] }]
`
const FOREVER =
  'sh -c "printenv K_SINK K_CE_OVERRIDES OWN >> seen; echo $$ >> pids; sleep 600 & wait"'

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

/** A process that nobody has waited for yet is gone all the same. */
const isAlive = (pid: number): boolean => /^State:\s+[^Z]/m.test(read(`/proc/${pid}/status`))

test('its process runs with K_SINK and K_CE_OVERRIDES, and ends with it', async () => {
  const at = await world()
  at.apply(source(FOREVER))
  const seen = join(at.directory, 'seen')
  await until(() => read(seen) !== '' && read(join(at.directory, 'pids')) !== '')
  expect(read(seen)).toBe('http://sink.test/\n{"extensions":{"team":"blue"}}\nmine\n')
  await until(() => at.condition('ContainerSource', 'feed')?.status === 'True')
  const pid = Number(read(join(at.directory, 'pids')))
  expect(isAlive(pid)).toBe(true)
  at.resources.remove('ContainerSource', 'app', 'feed')
  await until(() => !isAlive(pid))
})

test('a process that ends is started again, later each time', async () => {
  const at = await world()
  at.apply(source('sh -c "echo x >> runs; exit 3"'))
  const runs = (): number => read(join(at.directory, 'runs')).length / 2
  for (const [count, waitMs] of [1_000, 2_000].entries()) {
    await until(() => runs() === count + 1 && at.lines.filter(isRestart).length === count + 1)
    expect(at.condition('ContainerSource', 'feed', 'ReceiveAdapterReady')).toMatchObject({
      status: 'False',
      reason: 'MinimumReplicasUnavailable',
    })
    await at.clock.advance(waitMs - 1)
    expect(runs()).toBe(count + 1)
    await at.clock.advance(1)
  }
  await until(() => runs() === 3)
  expect(
    at.lines
      .filter(isRestart)
      .map(({ message }) => message)
      .slice(0, 2),
  ).toEqual(['exited with code 3; starts again in 1 s', 'exited with code 3; starts again in 2 s'])
})

const isRestart = ({ message }: { message: string }): boolean => message.includes('starts again')

test('another sink is another process', async () => {
  const at = await world()
  at.apply(source(FOREVER))
  await until(() => read(join(at.directory, 'pids')).split('\n').length === 2)
  const pid = Number(read(join(at.directory, 'pids')))
  at.apply(source(FOREVER, 'http://elsewhere.test/'))
  await until(() => read(join(at.directory, 'seen')).includes('elsewhere'))
  await until(() => !isAlive(pid))
})

test('what the process started goes with it, even what does not listen', async () => {
  const at = await world()
  at.apply(source(`sh -c "(trap '' TERM; exec sleep 600) & echo $! >> pids; wait"`))
  await until(() => read(join(at.directory, 'pids')) !== '')
  const pid = Number(read(join(at.directory, 'pids')))
  at.resources.remove('ContainerSource', 'app', 'feed')
  await until(() => !isAlive(pid))
})

test('closing leaves no process behind', async () => {
  const at = await world()
  at.apply(source(FOREVER))
  await until(() => read(join(at.directory, 'pids')) !== '')
  await at.resources.close()
  expect(isAlive(Number(read(join(at.directory, 'pids'))))).toBe(false)
})
