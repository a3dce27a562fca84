import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createOutputCapture } from '../../../../scripts/emulator/serving/output.ts'
import { until } from './world.ts'

test('output comes line by line, whatever the pieces, and the last line needs no newline', async () => {
  const lines: string[] = []
  const capture = createOutputCapture(line => lines.push(line))
  const stream = new PassThrough()
  capture.attach(stream)
  const bytes = Buffer.from('first\r\nsecond ä line\nrest')
  for (const byte of bytes) stream.write(Buffer.from([byte]))
  stream.end()
  await until('the end', () => lines.length === 3)
  expect(lines).toEqual(['first', 'second ä line', 'rest'])
})

test('memory is bounded: the tail keeps fifty lines, and an endless line is cut', async () => {
  const lines: string[] = []
  const capture = createOutputCapture(line => lines.push(line))
  const stream = new PassThrough()
  capture.attach(stream)
  stream.write('x\n'.repeat(200))
  stream.write('y'.repeat(40_000))
  await until('two cut lines', () => lines.length === 202)
  expect(capture.tail()).toHaveLength(50)
  expect(lines.at(-1)).toHaveLength(16_384)
})
