/** The whole suite on the emulator, each rule a test of its own. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ITEMS, loadRules } from './load.ts'
import { toParityTable, withParityTable } from './parity.ts'
import { type Outcome, runRules } from './run.ts'
import { openEmulator } from './target/emulator.ts'
import type { Target } from './target/target.ts'

const rules = await loadRules()
let target: Target
let outcomes: Outcome[]

beforeAll(async () => {
  target = await openEmulator()
  outcomes = await runRules(rules, target)
}, 180_000)

afterAll(() => target?.close())

describe('the emulator', () => {
  it.for(rules)('keeps $name: $title', ({ name }, { skip }) => {
    const outcome = outcomes.find(({ rule }) => rule.name === name)
    if (outcome?.result === 'skipped') skip(outcome.reason)
    expect(outcome).toMatchObject({ result: 'passed' })
  })
})

describe('the rules', () => {
  it('cover each item of the checklist', () => {
    const items = new Set(rules.map(({ item }) => item))
    const missing = Array.from({ length: ITEMS }, (_, index) => index + 1).filter(
      item => !items.has(item),
    )
    expect(missing).toEqual([])
  })

  it('are summed up in the README as they are', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    expect(withParityTable(readme, toParityTable(rules))).toBe(readme)
  })
})
