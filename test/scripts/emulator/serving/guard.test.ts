import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isAlive, until } from './world.ts'

const PARENT = fileURLToPath(
  new URL('../../../fixtures/processes/guarded-parent.mjs', import.meta.url),
)

test('kill -9 of the parent leaves no process of any guarded group, and not the guard', async () => {
  const parent = spawn(process.execPath, [PARENT], { stdio: ['ignore', 'pipe', 'inherit'] })
  const text = await new Promise<string>(resolve => {
    parent.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')))
  })
  const { kept, grandchildren, removed } = JSON.parse(text) as {
    kept: number[]
    grandchildren: number[]
    removed: number
  }
  const ours = [...kept, ...grandchildren]
  expect(ours.every(isAlive)).toBe(true)
  expect(isAlive(removed)).toBe(true)
  try {
    parent.kill('SIGKILL')
    await until('all gone', () => !ours.some(isRunning))
    // The one that was taken off the list is none of the guard's business.
    expect(isAlive(removed)).toBe(true)
  } finally {
    process.kill(-removed, 'SIGKILL')
  }
})

/** A killed orphan may stay a zombie for a moment where nobody reaps it; that is not running. */
function isRunning(pid: number): boolean {
  return isAlive(pid) && !isZombie(pid)
}

function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(
      process.getBuiltinModule('node:fs').readFileSync(`/proc/${pid}/status`, 'utf8'),
    )
  } catch {
    return false
  }
}
