/** What differs between two documents, in the form of Knative's `-old +new` messages. */
import { isObject } from '../manifests/field.ts'

const MAX_CHANGES = 20

/** Lines of `path:`, `-: old`, `+: new`; the empty string when nothing differs. */
export function toChanges(before: unknown, after: unknown): string {
  const lines: string[] = []
  compare('', before, after, lines)
  return lines.slice(0, MAX_CHANGES).join('\n')
}

function compare(path: string, before: unknown, after: unknown, lines: string[]): void {
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(path === '' ? key : `${path}.${key}`, before[key], after[key], lines)
    }
  } else if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index++) {
      compare(`${path}[${index}]`, before[index], after[index], lines)
    }
  } else if (before !== after) {
    lines.push(`${path}:\n\t-: ${show(before)}\n\t+: ${show(after)}`)
  }
}

const show = (value: unknown): string =>
  value === undefined ? '<missing>' : (JSON.stringify(value) ?? String(value))
