/** `metav1.LabelSelector`: read, and matched against labels. */
import type { LabelExpression, LabelSelector } from './eventing-types.ts'
import type { Field } from './field.ts'
import { readRequired, readTextList, readTextMap, refuseUnknown } from './read.ts'

const OPERATORS: readonly LabelExpression['operator'][] = ['In', 'NotIn', 'Exists', 'DoesNotExist']

/** Reads a selector; `beside` names the fields of an object that has it inline. */
export function readLabelSelector(field: Field, beside: readonly string[] = []): LabelSelector {
  refuseUnknown(field, ['matchLabels', 'matchExpressions', ...beside])
  return {
    matchLabels: readTextMap(field.get('matchLabels')),
    matchExpressions: field.get('matchExpressions').items().map(readExpression),
  }
}

/** Whether an object with these labels is selected; an empty selector selects all. */
export function selects(
  { matchLabels, matchExpressions }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(each => TESTS[each.operator](labels[each.key], each.values))
  )
}

const TESTS: Record<
  LabelExpression['operator'],
  (value: string | undefined, values: readonly string[]) => boolean
> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: value => value !== undefined,
  DoesNotExist: value => value === undefined,
}

function readExpression(field: Field): LabelExpression {
  refuseUnknown(field, ['key', 'operator', 'values'])
  const text = readRequired(field.get('operator'))
  const operator = OPERATORS.find(each => each === text)
  if (text !== '' && !operator) field.get('operator').report(`invalid value: ${text}`)
  const values = readTextList(field.get('values')) ?? []
  const needsValues = operator === 'In' || operator === 'NotIn'
  if (needsValues && values.length === 0) field.get('values').report('missing field(s)')
  return { key: readRequired(field.get('key')), operator: operator ?? 'Exists', values }
}
