/** Which statements give which attribute which value. */
import { describe, expect, it } from 'vitest'
import { heuristicFacts } from '../../../functions/memory/heuristics.ts'
import { plainOf, statementsOf } from '../../../functions/memory/sentences.ts'
import { slotOf } from '../../../functions/memory/slot.ts'
import { agree } from '../../../functions/memory/words.ts'

describe('slotOf', () => {
  it.each([
    ['My favorite color is blue.', 'my favourite colour', 'blue'],
    ['My favourite colours are now green, not blue anymore', 'my favourite colour', 'green'],
    ['By the way, my name is Ann', 'my name', 'ann'],
    ["My name's Ann", 'my name', 'ann'],
    ['I live in Lyon now', 'where i live', 'lyon'],
    ['I just moved from Lyon to Oslo', 'where i live', 'oslo'],
    ['I currently work at Acme', 'where i work', 'acme'],
    ["I'm 34 years old", 'my age', '34'],
    ['My current address is 5 Hill Road', 'my address', '5 hill road'],
    ['The deadline is 3 March', 'the deadline', '3 march'],
    ['The release date was moved to 10 May', 'the release date', '10 may'],
    ['My wife is called Ann', "my wife's name", 'ann'],
    ["I don't like olives", 'taste for olives', 'no'],
    ['I really love olives', 'taste for olives', 'yes'],
    ['I am no longer allergic to nuts', 'allergy to nut', 'no'],
    ['We use Postgres for storage', 'what we use for storage', 'postgres'],
  ])('reads "%s"', (text, attribute, value) => {
    expect(slotOf(plainOf(text))).toEqual({ attribute, value, negated: false })
  })

  it('marks what only takes a value away', () => {
    expect(slotOf(plainOf('My favourite colour is no longer blue'))).toEqual({
      attribute: 'my favourite colour',
      value: 'blue',
      negated: true,
    })
  })

  it.each([
    'My dog is brown',
    'My sister is called Ann',
    'I like tea more than coffee',
    'The weather is nice',
    'I have two cats',
  ])('gives "%s" no single value', text => {
    expect(slotOf(plainOf(text))).toBeUndefined()
  })
})

describe('statementsOf', () => {
  it('cuts sentences and clauses out of the text as they stand', () => {
    const text =
      'Hi! My name is Ann, and I live in Lyon; we met Dr. Who. Is it far?\nIf I win, I pay.'
    const statements = statementsOf(text)
    expect(statements.map(({ quote }) => quote)).toEqual([
      'Hi!',
      'My name is Ann',
      'I live in Lyon',
      'we met Dr. Who.',
      'Is it far?',
      'If I win, I pay.',
    ])
    for (const { quote } of statements) expect(text).toContain(quote)
    expect(statements.filter(({ question }) => question)).toHaveLength(1)
  })

  it('strips fillers, and nothing that carries meaning', () => {
    expect(plainOf('Please remember that I like tea.')).toBe('I like tea')
    expect(plainOf('No one knows')).toBe('No one knows')
    expect(plainOf('No, I’m Ann')).toBe('I am Ann')
  })
})

describe('heuristicFacts', () => {
  it.each([
    ['I want to visit Japan next year', 'plan'],
    ['I love jazz', 'preference'],
    ['My favourite team is Ajax', 'preference'],
    ['Yesterday the audit was in Berlin', 'event'],
    ['Ann Lee is my manager', 'fact'],
    ['I was born on 3 May 1990', 'fact'],
  ])('takes "%s" as %s', (text, kind) => {
    expect(heuristicFacts(text)).toMatchObject([{ text, kind }])
  })

  it.each([
    'I have a question',
    'I am not sure',
    'I am looking for a recipe',
    'Where do I live?',
    'Tell me a joke',
    'Thanks, that was great',
  ])('takes "%s" as nothing that lasts', text => {
    expect(heuristicFacts(text)).toEqual([])
  })
})

describe('agree', () => {
  it.each([
    ['the limit is 100', 'the limit is 120', false],
    ['I like tea', 'I do not like tea', false],
    ['I met Ann', 'I met Bob', false],
    ['I met Ann in 2020', 'In 2020 I met Ann', true],
  ])('"%s" and "%s": %s', (one, other, expected) => {
    expect(agree(one, other)).toBe(expected)
  })
})
