import { expect, test } from 'vitest'
import { send, turnCompleted } from '../../shared/contracts/chat.ts'
import { recall, remember } from '../../shared/contracts/memory.ts'
import { alertFired, analyzeAlert, decide } from '../../shared/contracts/reasoning.ts'
import { parse } from '../../shared/route.ts'
import { createPlainPieces, plainText } from '../../shared/text.ts'

const RULE = 'must hold neither NUL characters nor lone surrogates'
const BAD = ['a\0b', '\ud800', 'x\udc00y']

test.each(BAD)('refuses %j and says why', value => {
  expect(() => parse(plainText(), value)).toThrow(
    expect.objectContaining({ code: 'validation_failed', message: `"body" ${RULE}` }),
  )
})

test('takes every other text within its bounds', () => {
  expect(parse(plainText(1, 20), 'Zoë 🐳\n\ttab')).toBe('Zoë 🐳\n\ttab')
  expect(() => parse(plainText(1, 20), '')).toThrow('must have at least 1 characters')
  expect(() => parse(plainText(1, 2), 'abc')).toThrow('must have at most 2 characters')
})

const id = '00000000-0000-4000-8000-000000000000'
const firing = { alerts: [{ labels: { alertname: 'a\0b' } }] }

test.each([
  ['a message', send.input(), { conversation_id: id, content: 'a\0b' }],
  ['a key', send.input(), { conversation_id: id, content: 'a', idempotency_key: '\ud800' }],
  ['a memory', remember.input(), { content: 'a\0b' }],
  ['a tag', remember.input(), { content: 'a', tags: ['\udc00'] }],
  ['a query', recall.input(), { query: 'a\0b' }],
  ['a question', decide.input(), { question: '\0', options: [option('a'), option('b')] }],
  ['an option', decide.input(), { question: 'q', options: [option('a\0'), option('b')] }],
  ['a label', analyzeAlert.input(), { alert: { name: 'n', labels: { a: '\0' } } }],
  ['the name of a label', analyzeAlert.input(), { alert: { name: 'n', labels: { '\0': 'a' } } }],
  ['a label of an event', alertFired.data(), firing],
  ['what was said', turnCompleted.data(), { ...turn(), user_text: 'a\0b' }],
])('%s must be storable', (_, schema, value) => {
  expect(schema.safeParse(value).success).toBe(false)
  const clean = JSON.parse(JSON.stringify(value).replaceAll(/\\u(0000|d800|dc00)/g, 'x'))
  expect(schema.safeParse(clean).success).toBe(true)
})

test('makes pieces storable, and keeps a pair that was cut', () => {
  const toPlain = createPlainPieces()
  expect(['a\0', 'b\ud83d', '\udc33c', '\udc00', '\ud800', 'd'].map(toPlain)).toEqual([
    'a',
    'b',
    '🐳c',
    '\ufffd',
    '',
    '\ufffdd',
  ])
})

function option(name: string): { id: string; description: string } {
  return { id: name, description: 'd' }
}

function turn(): object {
  return {
    user_id: 'u',
    conversation_id: 'c',
    turn_id: 't',
    user_text: 'q',
    assistant_text: 'a',
    occurred_at: '',
  }
}
