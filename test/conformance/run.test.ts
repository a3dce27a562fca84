import { describe, expect, it } from 'vitest'
import type { NamedRule } from './load.ts'
import { MARKERS, toParityTable, withParityTable } from './parity.ts'
import { runRules } from './run.ts'
import type { Kubernetes } from './target/kubernetes.ts'
import type { Target } from './target/target.ts'

const target: Target = {
  kind: 'emulator',
  namespace: 'test',
  kubernetes: {} as Kubernetes,
  image: 'probe',
  annotations: {},
  user: 1,
  ingress: '127.0.0.1:1',
  logs: () => Promise.resolve(''),
  passTime: () => Promise.resolve(),
  patience: 1,
  close: () => Promise.resolve(),
}

const rule = (name: string, test: NamedRule['test'], more: Partial<NamedRule> = {}): NamedRule => ({
  name,
  item: 1,
  level: 'must',
  source: 'serving-api',
  title: name,
  test,
  ...more,
})

describe('a run', () => {
  it('passes a rule that looked and found, and tells why another is broken', async () => {
    const outcomes = await runRules(
      [
        rule('good', async t => t.equal(1, 1, 'one')),
        rule('bad', async t => t.equal({ a: 1 }, { a: 2 }, 'a')),
      ],
      target,
    )
    expect(outcomes.map(({ rule, result, reason }) => [rule.name, result, reason])).toEqual([
      ['good', 'passed', undefined],
      ['bad', 'failed', 'a must be {"a":2}, got {"a":1}'],
    ])
  })

  it('fails a rule that looked at nothing', async () => {
    const [outcome] = await runRules([rule('blind', async () => {})], target)
    expect(outcome).toMatchObject({ result: 'failed', reason: 'the rule looked at nothing' })
  })

  it('fails a rule whose refusal was an acceptance, or was another', async () => {
    const outcomes = await runRules(
      [
        rule('accepted', async t => t.refused(Promise.resolve(), /x/, 'it')),
        rule('other', async t => t.refused(Promise.reject(new Error('y')), /x/, 'it')),
      ],
      target,
    )
    expect(outcomes.map(({ reason }) => reason)).toEqual([
      'it must be refused, got accepted',
      'it must be refused with /x/, got y',
    ])
  })

  it('skips what the emulator has not, and what a cluster cannot show, with the reason', async () => {
    const rules = [
      rule('absent', async t => t.ok(true, 'x'), { emulator: { parity: 'absent', note: 'no' } }),
      rule('slow', async t => t.ok(true, 'x'), { notOnCluster: 'two days' }),
    ]
    const here = await runRules(rules, target)
    expect(here.map(({ result, reason }) => [result, reason])).toEqual([
      ['skipped', 'no'],
      ['passed', undefined],
    ])
    const there = await runRules(rules, { ...target, kind: 'cluster' })
    expect(there.map(({ result, reason }) => [result, reason])).toEqual([
      ['passed', undefined],
      ['skipped', 'two days'],
    ])
  })

  it('moves the clock only when nothing else runs', async () => {
    let running = 0
    let most = 0
    const enter = async (ms: number): Promise<void> => {
      running += 1
      await new Promise(resolve => setTimeout(resolve, ms))
      running -= 1
    }
    const together = Array.from({ length: 6 }, (_, index) =>
      rule(`r${index}`, async t => {
        await enter(5)
        t.ok(true, 'x')
      }),
    )
    const timed = rule(
      'timed',
      async t => {
        most = Math.max(most, running)
        await enter(5)
        t.ok(true, 'x')
      },
      { timed: true },
    )
    const outcomes = await runRules([timed, ...together], target)
    expect(outcomes.every(({ result }) => result === 'passed')).toBe(true)
    expect(most).toBe(0)
  })
})

describe('the parity table', () => {
  const rules = [
    rule('a', async () => {}),
    rule('b', async () => {}, { emulator: { parity: 'approximated', note: 'nearly' } }),
    rule('c', async () => {}, { item: 90, emulator: { parity: 'absent', note: 'not at all' } }),
  ]

  it('counts the rules of each part and names all that hold less', () => {
    const table = toParityTable(rules)
    expect(table).toContain('| function runtime | 1 | 1 | 0 |')
    expect(table).toContain('| all | 1 | 1 | 1 |')
    expect(table).toContain('- approximated: nearly (1)\n- absent: not at all (90)')
  })

  it('replaces what stood between its markers, and nothing else', () => {
    const document = `a\n${MARKERS.begin}\nold\n${MARKERS.end}\nb`
    const after = withParityTable(document, 'new')
    expect(after).toBe(`a\n${MARKERS.begin}\nnew\n${MARKERS.end}\nb`)
    expect(withParityTable(after, 'new')).toBe(after)
    expect(() => withParityTable('a', 'new')).toThrow('the document must hold')
  })
})
