/** A pod template, of which the emulator runs the one container as a process. */
import type { PodTemplate } from './eventing-types.ts'
import { describe, type Field } from './field.ts'
import { readRequired, readText, readTextList, readTextMap, refuseUnknown } from './read.ts'
import type { EnvVar, KeyReference } from './types.ts'

/** Reads `template`: what a process needs of it; the rest is the cluster's business. */
export function readPodTemplate(template: Field): PodTemplate {
  const about = template.get('metadata')
  const spec = template.get('spec')
  const containers = spec.get('containers')
  const count = containers.items().length
  if (count === 0) containers.report('missing field(s)')
  if (count > 1) containers.report(`the emulator runs one container of a pod, got ${count}`)
  if (spec.get('initContainers').items().length > 0) {
    spec.get('initContainers').report('the emulator runs no init containers')
  }
  const container = containers.get(0)
  if (container.get('envFrom').items().length > 0) {
    container.get('envFrom').report('the emulator needs each variable named under "env"')
  }
  const command = readTextList(container.get('command'))
  const args = readTextList(container.get('args'))
  return {
    labels: readTextMap(about.get('labels')),
    annotations: readTextMap(about.get('annotations')),
    image: count === 0 ? '' : readRequired(container.get('image')),
    ...(command && { command }),
    ...(args && { args }),
    env: container.get('env').items().map(readVariable),
  }
}

function readVariable(item: Field): EnvVar {
  refuseUnknown(item, ['name', 'value', 'valueFrom'])
  const name = readRequired(item.get('name'))
  const from = item.get('valueFrom')
  if (from.value === undefined) return { name, value: readText(item.get('value')) ?? '' }
  if (item.get('value').value) item.report('expected exactly one, got both: value, valueFrom')
  const secret = from.get('secretKeyRef')
  if (secret.value !== undefined) return { name, secret: readKey(secret) }
  const configMap = from.get('configMapKeyRef')
  if (configMap.value !== undefined) return { name, configMap: readKey(configMap) }
  from.report('the emulator resolves secretKeyRef and configMapKeyRef only')
  return { name, value: '' }
}

function readKey(field: Field): KeyReference {
  refuseUnknown(field, ['name', 'key', 'optional'])
  const optional = field.get('optional')
  if (optional.value !== undefined && typeof optional.value !== 'boolean') {
    optional.report(`must be true or false, got ${describe(optional.value)}`)
  }
  return {
    name: readRequired(field.get('name')),
    key: readRequired(field.get('key')),
    optional: optional.value === true,
  }
}
