import { expect, onTestFinished, test } from 'vitest'
import {
  createJsonata,
  type Jsonata,
} from '../../../../../scripts/emulator/eventing/transform/jsonata.ts'

function jsonata(limitMs?: number): Jsonata {
  const created = createJsonata(limitMs === undefined ? {} : { limitMs })
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

test('a recursion without end is an error, not a crash', async () => {
  const at = jsonata()
  const deep = at.evaluate('($deep := function($n){ 1 + $deep($n + 1) }; $deep(0))', {})
  await expect(deep).rejects.toThrow(/stack|depth|memory/i)
  await expect(at.evaluate('"well"', {})).resolves.toBe('"well"')
})

test('an expression that eats memory ends its own thread only', async () => {
  const at = jsonata(30_000)
  const hungry = at.evaluate(
    '($grow := function($a){ $grow($append($a, $a)) }; $grow([1..1000]))',
    {},
  )
  await expect(hungry).rejects.toThrow(/memory/i)
  await expect(at.evaluate('1', {})).resolves.toBe('1')
}, 40_000)

test('what is wrong with an expression is told with its place', async () => {
  const at = jsonata()
  await expect(at.check('a + ')).resolves.toMatch(/^S0207: .+ at \d+$/)
  await expect(at.check('a + b')).resolves.toBeUndefined()
  await expect(at.evaluate('$number("x")', {})).rejects.toThrow(/^D3030/)
})

test('closing refuses what waits', async () => {
  const at = createJsonata()
  const waiting = at.evaluate('1', {})
  const refused = expect(waiting).rejects.toThrow('the emulator is stopping')
  await at.close()
  await refused
  await expect(at.evaluate('1', {})).rejects.toThrow('the emulator is stopping')
})
