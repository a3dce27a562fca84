/** What differs between two templates, in the form of Knative's `-old +new` messages. */
import { isObject } from '../manifests/field.ts'
import { ManifestError } from '../manifests/manifest-error.ts'
import type { ServiceResource } from '../manifests/types.ts'
import { toTemplate } from './service-defaults.ts'

const MAX_CHANGES = 20

/**
 * A name of one's own must change whenever the template does.
 * @throws ManifestError
 */
export function refuseKeptName(before: ServiceResource, after: ServiceResource): void {
  const { name } = after.template
  if (name === undefined || name !== before.template.name) return
  const changes = toChanges(toTemplate(before), toTemplate(after))
  if (changes === '') return
  throw new ManifestError([
    {
      file: after.file,
      line: after.line,
      column: 1,
      field: 'spec.template.metadata.name',
      message: 'Saw the following changes without a name change (-old +new)',
      details: changes,
    },
  ])
}

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
