/** `volumes` and `volumeMounts`: what Knative's webhook lets through (serving pkg/apis/serving/k8s_validation.go). */
import { posix } from 'node:path'
import { type Field, isObject } from './field.ts'
import { readText } from './read.ts'
import type { VolumeMount, VolumeSource } from './types.ts'

const SOURCES = ['secret', 'configMap', 'projected', 'emptyDir']
const RESERVED_PATHS = ['/', '/dev', '/dev/log']
const MOUNT_FIELDS = ['name', 'readOnly', 'mountPath', 'subPath']
const DNS_1123 = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** Reports what is wrong with a revision's volumes and its containers' mounts of them. */
export function checkVolumes(volumes: Field, containers: readonly Field[]): void {
  const mounts = containers.flatMap(container => container.get('volumeMounts').items())
  const mounted = new Set(mounts.map(mount => mount.get('name').value))
  const seen = new Set<unknown>()
  for (const volume of volumes.items()) {
    const name = volume.get('name')
    const quoted = JSON.stringify(name.value)
    if (name.value === undefined || name.value === '') name.report('missing field(s)')
    else if (seen.has(name.value)) name.report(`duplicate volume name ${quoted}`)
    else if (!mounted.has(name.value)) name.report(`volume with name ${quoted} not mounted`)
    else if (!DNS_1123.test(String(name.value))) name.report(`invalid value: ${name.value}`)
    seen.add(name.value)
    checkSource(volume)
  }
  for (const container of containers) checkMounts(container.get('volumeMounts'), seen)
}

/** What a container mounts, once it was checked; scratch space has no sources. */
export function readMounts(volumes: Field, container: Field): VolumeMount[] {
  const byName = new Map(volumes.items().map(volume => [volume.get('name').value, volume]))
  return container
    .get('volumeMounts')
    .items()
    .flatMap(mount => {
      const volume = byName.get(mount.get('name').value)
      const mountPath = mount.get('mountPath').value
      if (!volume || typeof mountPath !== 'string') return []
      const subPath = mount.get('subPath').value
      const sources = toSources(volume.value)
      return [{ mountPath, sources, ...(typeof subPath === 'string' && { subPath }) }]
    })
}

function toSources(volume: unknown): VolumeSource[] {
  if (!isObject(volume)) return []
  const { secret, configMap, projected } = volume
  const parts = isObject(projected) && Array.isArray(projected.sources) ? projected.sources : []
  return [
    ...toSource('Secret', isObject(secret) ? { ...secret, name: secret.secretName } : undefined),
    ...toSource('ConfigMap', configMap),
    ...parts
      .filter(isObject)
      .flatMap(part => [
        ...toSource('Secret', part.secret),
        ...toSource('ConfigMap', part.configMap),
      ]),
  ]
}

function toSource(kind: VolumeSource['kind'], source: unknown): VolumeSource[] {
  if (!isObject(source) || typeof source.name !== 'string') return []
  const items = Array.isArray(source.items) ? source.items.filter(isObject) : undefined
  return [
    {
      kind,
      name: source.name,
      optional: source.optional === true,
      ...(items && {
        items: items.map(({ key, path }) => ({ key: String(key), path: String(path) })),
      }),
    },
  ]
}

function checkSource(volume: Field): void {
  const given = volume.members().flatMap(([key]) => (key === 'name' ? [] : [key]))
  for (const key of given) {
    if (!SOURCES.includes(key)) volume.get(key).report('must not set the field(s)')
  }
  const known = given.filter(key => SOURCES.includes(key))
  if (given.length === 0) volume.report('expected exactly one, got neither', { at: SOURCES })
  if (known.length > 1) volume.report('expected exactly one, got both', { at: known })
}

function checkMounts(mounts: Field, volumes: ReadonlySet<unknown>): void {
  const paths = new Set<string>()
  for (const mount of mounts.items()) {
    for (const [key, member] of mount.members()) {
      if (!MOUNT_FIELDS.includes(key)) member.report('must not set the field(s)')
    }
    const name = mount.get('name').value
    if (!volumes.has(name)) mount.get('name').report('volumeMount has no matching volume')
    checkPath(mount.get('mountPath'), paths)
  }
}

function checkPath(field: Field, seen: Set<string>): void {
  const path = readText(field) ?? ''
  const clean = posix.normalize(path).replace(/(.)\/$/, '$1')
  if (path === '') field.report('missing field(s)')
  else if (RESERVED_PATHS.includes(clean)) field.report(`mountPath "${clean}" is a reserved path`)
  else if (!path.startsWith('/')) field.report(`invalid value: ${path}`)
  else if (seen.has(clean)) field.report(`invalid value: "${path}" must be unique`)
  seen.add(clean)
}
