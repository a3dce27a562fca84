/** The environment of a container: single variables, and whole ConfigMaps and Secrets. */
import { describe, type Field } from './field.ts'
import { readRequired, readText, refuseUnknown } from './read.ts'
import type { EnvSource, EnvVar, KeyReference } from './types.ts'

const RESERVED_ENV = ['PORT', 'K_SERVICE', 'K_CONFIGURATION', 'K_REVISION']

/** Reads `env`. */
export function readEnv(env: Field): EnvVar[] {
  const seen = new Set<string>()
  return env.items().map(item => {
    refuseUnknown(item, ['name', 'value', 'valueFrom'])
    const name = readRequired(item.get('name'))
    if (RESERVED_ENV.includes(name)) {
      item.get('name').report(`"${name}" is a reserved environment variable`)
    }
    if (seen.has(name)) item.get('name').report(`"${name}" is set twice`)
    seen.add(name)
    if (item.get('valueFrom').value === undefined) {
      return { name, value: readText(item.get('value')) ?? '' }
    }
    if (item.get('value').value) {
      item.report('expected exactly one, got both', { at: ['value', 'valueFrom'] })
    }
    return readReference(name, item.get('valueFrom'))
  })
}

/** Reads `envFrom`. */
export function readEnvFrom(sources: Field): EnvSource[] {
  return sources.items().flatMap(readSource)
}

function readReference(name: string, from: Field): EnvVar {
  refuseUnknown(from, ['secretKeyRef', 'configMapKeyRef'], ['fieldRef', 'resourceFieldRef'])
  const secret = from.get('secretKeyRef')
  const configMap = from.get('configMapKeyRef')
  if (secret.value !== undefined) return { name, secret: readKey(secret) }
  if (configMap.value !== undefined) return { name, configMap: readKey(configMap) }
  if (from.members().length === 0) {
    from.report('expected exactly one, got neither', { at: ['secretKeyRef', 'configMapKeyRef'] })
  }
  return { name, value: '' }
}

function readSource(item: Field): EnvSource[] {
  refuseUnknown(item, ['prefix', 'configMapRef', 'secretRef'])
  const refs = ['configMapRef', 'secretRef'] as const
  const given = refs.filter(key => item.get(key).value !== undefined)
  const [kind] = given
  if (given.length !== 1 || kind === undefined) {
    item.report(`expected exactly one, got ${kind ? 'both' : 'neither'}`, { at: refs })
    return []
  }
  const ref = item.get(kind)
  refuseUnknown(ref, ['name', 'optional'])
  return [
    {
      kind: kind === 'secretRef' ? 'Secret' : 'ConfigMap',
      name: readRequired(ref.get('name')),
      prefix: readText(item.get('prefix')) ?? '',
      optional: readFlag(ref.get('optional')),
    },
  ]
}

function readKey(field: Field): KeyReference {
  refuseUnknown(field, ['name', 'key', 'optional'])
  return {
    name: readRequired(field.get('name')),
    key: readRequired(field.get('key')),
    optional: readFlag(field.get('optional')),
  }
}

function readFlag(field: Field): boolean {
  if (field.value !== undefined && typeof field.value !== 'boolean') {
    field.report(`must be true or false, got ${describe(field.value)}`)
  }
  return field.value === true
}
