import { expect, test } from 'vitest'
import {
  createKey,
  fromCorrelationId,
  toCorrelationId,
} from '../../../../../scripts/emulator/eventing/request-reply/correlation.ts'

const key = createKey()

test.each(['1', 'an id', 'with:colons', 'ünïcode', 'x'.repeat(500)])(
  'the id %s comes back out of its correlation id',
  id => {
    expect(fromCorrelationId(toCorrelationId(id, key), key)).toBe(id)
  },
)

test('it is the id and padded base64 that any parser of the cluster reads', () => {
  const [, sealed = ''] = toCorrelationId('e1', key).split(':')
  expect(sealed.length % 4).toBe(0)
  expect(Buffer.from(sealed, 'base64url').length).toBe(12 + 2 + 16)
})

test('an id cannot be put in the place of another', () => {
  const [, sealed] = toCorrelationId('mine', key).split(':')
  expect(fromCorrelationId(`yours:${sealed}`, key)).toBeUndefined()
})

test.each(['', 'e1', 'e1:', 'e1:AAAA', 'e1:%%%', `e1:${'A'.repeat(64)}`, ':'])(
  '%j was made by nobody',
  text => {
    expect(fromCorrelationId(text, key)).toBeUndefined()
  },
)

test('another key does not know it', () => {
  expect(fromCorrelationId(toCorrelationId('e1', createKey()), key)).toBeUndefined()
})
