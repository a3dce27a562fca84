import { expect, test } from 'vitest'
import { runToEnd, temporaryDirectory } from '../fixtures/started.ts'

test('the demo remembers across conversations, analyses an alert and ends at zero processes', async () => {
  const state = temporaryDirectory()
  try {
    const { code, output } = await runToEnd('demo', ['--state-dir', state.path])
    expect([code, output]).toEqual([
      0,
      expect.stringContaining('every function is at zero processes'),
    ])
    expect(output).toMatch(/memory used: .*teal/)
    expect(output).toMatch(/KubePodCrashLooping: restart_pod, confidence 0\.\d+/)
    expect(output).toMatch(/gateway +POST \S+ 20\d (cold|warm) \d+ ms/)
  } finally {
    state.remove()
  }
}, 120_000)
