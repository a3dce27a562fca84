import { expect, test } from 'vitest'
import { createLog } from '../../../scripts/emulator/log.ts'
import { toPrintable, withPrintable } from '../../../scripts/emulator/printable.ts'

test('control characters and changes of direction are written out, all else stays', () => {
  expect(toPrintable('a\u001b[2Jb\u009b\r\n\t\u007f')).toBe('a\\x1b[2Jb\\x9b\\x0d\\x0a\\x09\\x7f')
  expect(toPrintable('a\u202eb')).toBe('a\\u202eb')
  expect(toPrintable('häß 日本 👋 \\x1b')).toBe('häß 日本 👋 \\x1b')
})

test('texts are found at any depth', () => {
  const value = { a: ['\u0007', 1, null, { 'b\u001b': '\u001b' }], c: true, d: undefined }
  expect(withPrintable(value)).toEqual({
    a: ['\\x07', 1, null, { 'b\\x1b': '\\x1b' }],
    c: true,
    d: undefined,
  })
})

test('a log line cannot be forged by what it tells of', () => {
  const lines: string[] = []
  const log = createLog({ now: () => 0, write: line => lines.push(line) })
  log.warn('broker', 'odd\u001b[2J\n00:00:00 emulator all is well', { id: 'x\ny' })
  expect(lines).toEqual([
    '00:00:00 warn broker       odd\\x1b[2J\n         00:00:00 emulator all is well id=x\\x0ay',
  ])
})
