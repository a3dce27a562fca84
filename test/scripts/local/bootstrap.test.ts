/** `scripts/bootstrap.mjs` in a root of its own, with an `npm` that only tells what it was asked for. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const BOOTSTRAP = new URL('../../../scripts/bootstrap.mjs', import.meta.url)
/** Waits as an install does, then brings a `node` that is the one of this test. */
const NPM = `#!/bin/sh
printf '%s\\n' "$*" >> "$PWD/npm-calls"
[ -n "$FAKE_STATUS" ] && exit "$FAKE_STATUS"
sleep 0.3
[ -n "$FAKE_EMPTY" ] && exit 0
mkdir -p node_modules/node/bin
ln -sf '${process.execPath}' node_modules/node/bin/node
`

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'aiwfe-bootstrap-'))
  mkdirSync(join(root, 'scripts'))
  mkdirSync(join(root, 'bin'))
  cpSync(BOOTSTRAP, join(root, 'scripts', 'bootstrap.mjs'))
  writeFileSync(join(root, 'package-lock.json'), '{}')
  writeFileSync(join(root, 'bin', 'npm'), NPM)
  chmodSync(join(root, 'bin', 'npm'), 0o755)
  writeFileSync(
    join(root, 'scripts', 'hello.ts'),
    `process.stdout.write(\`hello \${process.argv.slice(2)}\\n\`)`,
  )
  writeFileSync(
    join(root, 'scripts', 'wait.ts'),
    `process.on('SIGTERM', () => process.exit(7))
setInterval(() => {}, 1000)
process.stdout.write('waiting\\n')`,
  )
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('the first run installs what scripts need whatever the settings say, the second nothing', async () => {
  const first = await ended(boot(['hello', 'a', 'b'], { NODE_ENV: 'production' }))
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining('hello a,b') })
  expect(calls()).toEqual([
    'ci --include=dev --ignore-scripts=false --no-fund --no-audit --loglevel=error',
  ])
  expect(await ended(boot(['hello']))).toMatchObject({ code: 0, output: 'hello \n' })
  expect(calls()).toHaveLength(1)
})

test('two first runs at once install once, and both run', async () => {
  const results = await Promise.all([ended(boot(['hello'])), ended(boot(['hello']))])
  expect(results.map(({ code }) => code)).toEqual([0, 0])
  expect(calls()).toHaveLength(1)
  expect(readdirSync(join(root, 'dist'))).toEqual([])
})

test('the lock of an owner that is gone is taken over', async () => {
  const { pid } = spawnSync('true')
  mkdirSync(join(root, 'dist', 'install.lock'), { recursive: true })
  writeFileSync(join(root, 'dist', 'install.lock', 'pid'), String(pid))
  expect(await ended(boot(['hello']))).toMatchObject({ code: 0 })
  expect(calls()).toHaveLength(1)
})

test('an install that fails ends the run with its status and leaves no lock', async () => {
  const { code, output } = await ended(boot(['hello'], { FAKE_STATUS: '5' }))
  expect([code, output]).toEqual([5, expect.stringContaining('run `npm ci` by hand')])
  expect(existsSync(join(root, 'dist', 'install.lock'))).toBe(false)
})

test('an install that brings no Node is told by the name of what is missing', async () => {
  const { code, output } = await ended(boot(['hello'], { FAKE_EMPTY: '1' }))
  expect([code, output]).toEqual([
    1,
    expect.stringContaining(`it brought no ${join(root, 'node_modules/node/bin/node')}`),
  ])
})

test('a signal reaches the script, whose status is the answer', async () => {
  const child = boot(['wait'])
  const end = ended(child)
  child.stdout?.on('data', chunk => {
    if (String(chunk).includes('waiting')) child.kill('SIGTERM')
  })
  expect(await end).toMatchObject({ code: 7 })
})

function boot(args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [join(root, 'scripts', 'bootstrap.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: `${join(root, 'bin')}${delimiter}${process.env.PATH}`, ...env },
  })
}

function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', chunk => {
      output += chunk
    })
  }
  return new Promise(resolve => child.once('close', code => resolve({ code, output })))
}

const calls = (): string[] => readFileSync(join(root, 'npm-calls'), 'utf8').trim().split('\n')
