/** Expressions beside what they must come to, checked as a table. */

import { expect } from 'vitest'
import { evaluate } from '../../../../../scripts/emulator/eventing/cesql/index.ts'
import type { ErrorKind, Value } from '../../../../../scripts/emulator/eventing/cesql/value.ts'

/** An expression, its value and, where it fails, its error. */
export type Case = readonly [expression: string, value: Value, error?: ErrorKind]

/** The event that the tables speak about. */
export const EVENT: Readonly<Record<string, unknown>> = {
  specversion: '1.0',
  id: 'order-7',
  source: 'https://shop.example/orders',
  type: 'com.example.order.created.v1',
  subject: 'orders/7',
  time: '2026-02-03T04:05:06.5+01:00',
  hop: '5',
  ttl: '10',
  count: 12,
  urgent: true,
  quiet: false,
  region: 'eu-north',
  empty: '',
  digits9: 'nine',
  '0zero': 'leading digit',
}

/** All cases together, so that a failing table shows every line that is wrong. */
export function expectCases(
  cases: readonly Case[],
  event: Readonly<Record<string, unknown>> = EVENT,
): void {
  const results = cases.map(([expression]) => [expression, evaluate(expression, event)])
  const wanted = cases.map(([expression, value, error]) => [
    expression,
    error ? { value, error } : { value },
  ])
  expect(results).toEqual(wanted)
}
