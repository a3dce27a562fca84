/** `npm test`: every test, or those whose paths are given. Arguments are passed on to vitest. */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onStop } from './local/on-stop.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** What the platforms that tests started have for closing. */
const GRACE_MS = 10_000

const child = spawn(
  process.execPath,
  [
    join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--config',
    join(ROOT, 'test', 'vitest.config.ts'),
    ...process.argv.slice(2),
  ],
  // A group of its own: vitest leaves its workers behind on a signal, and theirs would live on.
  { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], detached: true },
)
const exited = new Promise<number>(resolve => {
  child.on('exit', code => resolve(code ?? 1))
})
onStop(async signal => {
  signalGroup(signal)
  const begun = performance.now()
  while (signalGroup(0) && performance.now() - begun < GRACE_MS) {
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  signalGroup('SIGKILL')
})
process.exitCode = await exited

/** Whether somebody was there to get it; 0 only asks. */
function signalGroup(signal: NodeJS.Signals | 0): boolean {
  try {
    return child.pid !== undefined && process.kill(-child.pid, signal)
  } catch {
    return false
  }
}
