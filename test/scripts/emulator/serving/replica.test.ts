import { expect, onTestFinished, test } from 'vitest'
import { createLog } from '../../../../scripts/emulator/log.ts'
import { createProcessGuard } from '../../../../scripts/emulator/serving/guard.ts'
import { createPorts } from '../../../../scripts/emulator/serving/ports.ts'
import {
  createReplica,
  type Replica,
  type StartFailure,
} from '../../../../scripts/emulator/serving/replica.ts'
import { runFixture, service, until } from './world.ts'

const NO_HURRY = { requestsMs: 20_000, terminationMs: 20_000 }

test('a replica is told to end only when its requests ended', async () => {
  const { replica, said, lines } = await started()
  replica.inFlight = 1
  void replica.drain(NO_HURRY)
  expect(replica.phase).toBe('draining')
  await settled()
  expect(lines.join()).not.toContain('SIGTERM')
  replica.inFlight = 0
  replica.idle()
  await until('gone', () => replica.phase === 'gone')
  expect(lines).toContain('SIGTERM')
  expect(said).toEqual(['ready', 'gone as expected: exited with code 0'])
})

test('requests that do not end are waited for no longer than told', async () => {
  const { replica } = await started()
  replica.inFlight = 1
  await replica.drain({ requestsMs: 20, terminationMs: 20_000 })
  expect(replica.phase).toBe('gone')
})

test('switched connections are waited for less long, but not while a request runs', async () => {
  const { replica, lines } = await started()
  replica.inFlight = 2
  replica.switched = 1
  void replica.drain({ ...NO_HURRY, switchedMs: 1 })
  await settled()
  expect(lines.join()).not.toContain('SIGTERM')
  replica.inFlight = 1
  await until('gone', () => replica.phase === 'gone')
})

test('a process that does not end in time is killed', async () => {
  const { replica, said } = await started({ IGNORE_SIGTERM: '1' })
  await replica.drain({ requestsMs: 0, terminationMs: 100 })
  expect(said).toEqual(['ready', 'gone as expected: was killed by SIGKILL'])
})

test('the standard input is empty, there is no terminal, and the temporary folder can be written', async () => {
  const script = `
    const { readFileSync, writeFileSync, rmSync } = require('node:fs')
    const file = '/tmp/aiwfe-replica-' + process.pid
    writeFileSync(file, 'x'); rmSync(file)
    console.log(JSON.stringify([readFileSync(0, 'utf8'), Boolean(process.stdout.isTTY)]))
    process.exit(1)`
  const { lines, failures } = start(['-e', script])
  await until('failed', () => failures.length === 1)
  expect(lines[0]).toBe('["",false]')
  expect(failures[0]).toMatchObject({ reason: 'ExitCode1', tail: ['["",false]'] })
})

test.each([
  ['process.kill(process.pid, "SIGSEGV")', 'ExitCode139'],
  ['process.kill(process.pid, "SIGKILL")', 'ExitCode137'],
  ['process.exit(3)', 'ExitCode3'],
])('%s before it is ready is %s', async (script, reason) => {
  const { failures } = start(['-e', script])
  await until('failed', () => failures.length === 1)
  expect(failures[0]?.reason).toBe(reason)
})

test('of a long log the last lines are kept', async () => {
  const { failures } = start(['-e', 'for (let i = 0; i < 500; i++) console.log(i)'])
  await until('failed', () => failures.length === 1)
  expect(failures[0]?.tail).toEqual(Array.from({ length: 50 }, (_, index) => String(450 + index)))
})

interface Followed {
  replica: Replica
  said: string[]
  lines: string[]
  failures: StartFailure[]
}

function start(args: readonly string[], env: Record<string, string> = {}): Followed {
  const said: string[] = []
  const lines: string[] = []
  const failures: StartFailure[] = []
  const guard = createProcessGuard()
  const log = {
    ...createLog({ write: () => {} }),
    output: (_: string, line: string) => void lines.push(line),
  }
  const replica = createReplica({
    scope: 'orders',
    plan: () => Promise.resolve({ command: process.execPath, args, cwd: '/' }),
    environment: () => env,
    template: service('orders').template,
    deadlineMs: 20_000,
    log,
    guard,
    ports: createPorts(),
    onReady: () => said.push('ready'),
    onUnready: () => said.push('unready'),
    onSick: () => said.push('sick'),
    onFailed: failure => failures.push(failure),
    onGone: (expected, how) => said.push(`gone ${expected ? 'as expected' : 'unasked'}: ${how}`),
  })
  onTestFinished(async () => {
    await replica.drain({ requestsMs: 0, terminationMs: 0 })
    await guard.close()
  })
  return { replica, said, lines, failures }
}

async function started(env: Record<string, string> = {}): Promise<Followed> {
  const { args } = await runFixture(service('orders'))
  const followed = start(args, env)
  await until('ready', () => followed.replica.phase === 'ready')
  return followed
}

const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 300))
