import { expect, onTestFinished, test } from 'vitest'
import {
  createJsonata,
  type Jsonata,
} from '../../../../../scripts/emulator/eventing/transform/jsonata.ts'

const pids = new Set<number>()
const GUARD = {
  environment: {},
  add: (pid: number) => void pids.add(pid),
  remove: (pid: number) => void pids.delete(pid),
}

function jsonata(limitMs?: number): Jsonata {
  const created = createJsonata({ guard: GUARD, ...(limitMs !== undefined && { limitMs }) })
  onTestFinished(created.close)
  return created
}

test('an expression without end is ended, and the next one is evaluated', async () => {
  const at = jsonata(300)
  const endless = at.evaluate('($loop := function(){ $loop() }; $loop())', {})
  const next = at.evaluate('a + 1', { a: 1 })
  await expect(endless).rejects.toThrow('the expression took longer than 300 ms')
  await expect(next).resolves.toBe('2')
})

test('what nobody waits for any more is not begun', async () => {
  const at = jsonata(300)
  const endless = '($loop := function(){ $loop() }; $loop())'
  const ends: string[] = []
  const gone = new AbortController()
  const all = [
    at.evaluate(endless, {}).catch(() => ends.push('first')),
    at.evaluate(endless, {}, gone.signal).catch(() => ends.push('taken back')),
    at.evaluate('1', {}).then(() => ends.push('last')),
  ]
  gone.abort()
  await Promise.all(all)
  expect(ends).toEqual(['taken back', 'first', 'last'])
  await expect(at.evaluate('1', {}, gone.signal)).rejects.toThrow('aborted')
})

test('a recursion without end is an error, not a crash', async () => {
  const at = jsonata()
  const deep = at.evaluate('($deep := function($n){ 1 + $deep($n + 1) }; $deep(0))', {})
  await expect(deep).rejects.toThrow(/stack|depth|memory/i)
  await expect(at.evaluate('"well"', {})).resolves.toBe('"well"')
})

test.each([
  '($grow := function($a){ $grow($append($a, $a)) }; $grow([1..1000]))',
  // These want much at once: a thread would have taken the emulator along.
  '[1..9999999].{"a": $}',
  '$pad("x", 400000000)',
])(
  'an expression that eats memory ends its own process only: %s',
  async expression => {
    const at = jsonata(30_000)
    await expect(at.evaluate(expression, {})).rejects.toThrow(/memory/i)
    await expect(at.evaluate('1', {})).resolves.toBe('1')
  },
  40_000,
)

test('what is wrong with an expression is told with its place', async () => {
  const at = jsonata()
  await expect(at.check('a + ')).resolves.toMatch(/^S0207: .+ at \d+$/)
  await expect(at.check('a + b')).resolves.toBeUndefined()
  await expect(at.evaluate('$number("x")', {})).rejects.toThrow(/^D3030/)
})

test('closing refuses what waits', async () => {
  const at = createJsonata({ guard: GUARD })
  const waiting = at.evaluate('1', {})
  const refused = expect(waiting).rejects.toThrow('the emulator is stopping')
  await at.close()
  await refused
  await expect(at.evaluate('1', {})).rejects.toThrow('the emulator is stopping')
})

test('closing ends the process, whatever it is at, and the guard knows', async () => {
  const at = createJsonata({ guard: GUARD })
  await at.evaluate('1', {})
  const [pid = 0] = pids
  expect(process.kill(pid, 0)).toBe(true)
  const endless = expect(
    at.evaluate('($loop := function(){ $loop() }; $loop())', {}),
  ).rejects.toThrow('the emulator is stopping')
  await at.close()
  await endless
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  expect([...pids]).toEqual([])
})
