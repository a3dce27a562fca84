import { expect, test } from 'vitest'
import {
  parseGoDuration,
  parseIsoDuration,
} from '../../../../scripts/emulator/manifests/duration.ts'

test.each([
  ['PT0.2S', 200],
  ['PT1M', 60_000],
  ['P1D', 86_400_000],
  ['P1DT2H3M4.5S', 93_784_500],
  ['P2W', 1_209_600_000],
  ['PT0S', 0],
])('the ISO 8601 duration %s is %d ms', (text, ms) => {
  expect(parseIsoDuration(text)).toBe(ms)
})

test.each(['', 'P', 'PT', 'P1', '1S', 'PT1', 'P1M', 'P1Y', 'PT-1S', '-PT1S', 'pt1s', 'PT1S '])(
  '%j is not an ISO 8601 duration with a fixed length',
  text => {
    expect(parseIsoDuration(text)).toBeUndefined()
  },
)

test.each([
  ['0', 0],
  ['90s', 90_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['-1s', -1_000],
])('the Go duration %s is %d ms', (text, ms) => {
  expect(parseGoDuration(text)).toBe(ms)
})

test.each(['', 's', '5', '1 s', '1d', 'PT1S'])('%j is not a Go duration', text => {
  expect(parseGoDuration(text)).toBeUndefined()
})
