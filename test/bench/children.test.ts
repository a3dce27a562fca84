import { spawnSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { createChildren, findProgram } from './children.ts'

test('a program that this machine does not have is not found', () => {
  expect(findProgram('no-such-server-of-ours')).toBeUndefined()
  expect(findProgram('sh')).toMatch(/\/sh$/)
})

test('closing kills a child with all that it started, and starts nothing more', async () => {
  const children = createChildren()
  onTestFinished(children.close)
  const child = children.start('/bin/sh', ['-c', 'sleep 1000 & echo $!; wait'])
  const pid = Number(
    await new Promise(resolve => child.process.stdout?.once('data', data => resolve(String(data)))),
  )
  expect(isRunning(pid)).toBe(true)
  await children.close()
  await expect.poll(() => isRunning(pid)).toBe(false)
  expect(() => children.start('/bin/sh', [])).toThrow('was started after everything was closed')
})

test('what a child printed is told', async () => {
  const children = createChildren()
  onTestFinished(children.close)
  const child = children.start('/bin/sh', ['-c', 'echo no; echo way >&2'])
  await expect.poll(child.output).toContain('way')
})

/** A zombie that nobody has collected yet does not run. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)])
  return /^[^Z\s]/.test(String(stdout))
}
