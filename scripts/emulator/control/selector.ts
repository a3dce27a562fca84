/** Label and field selectors of a list or watch: apimachinery `pkg/labels` and `pkg/fields`. */
import type { KubeObject } from './object.ts'
import { StatusError } from './status-error.ts'

/** Whether an object is selected. */
export type Selector = (object: KubeObject) => boolean

type Labels = Readonly<Record<string, string>>
type Requirement = (labels: Labels) => boolean

/** A comma that is not between parentheses. */
const COMMA = /,(?![^(]*\))/
const SET = /^([^\s!=,()]+)\s+(in|notin)\s+\(([^)]*)\)$/
const EQUALITY = /^([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/
const EXISTENCE = /^(!?)\s*([^\s!=,()]+)$/

/**
 * Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
 * @throws StatusError
 */
export function parseLabelSelector(text: string): Selector {
  const requirements = text
    .split(COMMA)
    .filter(part => part !== '')
    .map(part => toRequirement(part.trim(), text))
  return ({ metadata }) => requirements.every(holds => holds(metadata.labels ?? {}))
}

/** What may be selected beside `metadata.name` and `metadata.namespace`, which alone custom kinds have. */
const FIELDS: Readonly<Record<string, RegExp>> = {
  Event: /^(involvedObject\.\w+|reason|reportingComponent|source|type)$/,
  Secret: /^type$/,
  Namespace: /^status\.phase$/,
  Pod: /^(spec\.\w+|status\.\w+)$/,
  Job: /^status\.successful$/,
}

/**
 * Parses `metadata.name=a,involvedObject.kind!=b` for a kind, compared as text.
 * @throws StatusError also for a field that a cluster does not select by
 */
export function parseFieldSelector(text: string, kind: string): Selector {
  const requirements = text
    .split(',')
    .filter(part => part !== '')
    .map(part => {
      const [, path, operator, wanted] = /^([\w.]+)(==|=|!=)(.*)$/.exec(part) ?? []
      if (path === undefined) throw invalid('field', text)
      if (!/^metadata\.(name|namespace)$/.test(path) && !FIELDS[kind]?.test(path)) {
        throw new StatusError('BadRequest', `field label not supported: ${path}`)
      }
      return (object: KubeObject) => (valueAt(object, path) === wanted) === (operator !== '!=')
    })
  return object => requirements.every(holds => holds(object))
}

function toRequirement(part: string, whole: string): Requirement {
  const [, setKey = '', setOperator, list = ''] = SET.exec(part) ?? []
  if (setOperator) {
    const values = list.split(',').map(value => value.trim())
    return labels => {
      const value = labelOf(labels, setKey)
      return (value !== undefined && values.includes(value)) === (setOperator === 'in')
    }
  }
  const [, key = '', operator, wanted] = EQUALITY.exec(part) ?? []
  if (operator) return labels => (labelOf(labels, key) === wanted) === (operator !== '!=')
  const [, not, name] = EXISTENCE.exec(part) ?? []
  if (name === undefined) throw invalid('label', whole)
  return labels => (labelOf(labels, name) !== undefined) === (not === '')
}

const labelOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined

function valueAt(object: KubeObject, path: string): string {
  let value: unknown = object
  for (const key of path.split('.')) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined
  }
  return value === undefined || value === null ? '' : String(value)
}

const invalid = (what: string, text: string): StatusError =>
  new StatusError('BadRequest', `unable to parse ${what} selector ${JSON.stringify(text)}`)
