/** Reads the folders of manifests, checks all of them, and refuses before anything starts. */
import { readBroker } from './broker.ts'
import { readConfigMap } from './config-map.ts'
import { describe, type Field, isObject } from './field.ts'
import { ManifestError, type ManifestProblem } from './manifest-error.ts'
import { readService } from './service.ts'
import { readTrigger } from './trigger.ts'
import type {
  BrokerResource,
  ConfigMapResource,
  Manifests,
  OtherResource,
  ServiceResource,
  TriggerResource,
} from './types.ts'
import { readYamlFiles, type YamlDocument } from './yaml-files.ts'

/**
 * Loads every `*.yaml` at or below the paths. Skips kustomizations, folders named `overlays` (patches), and workflow
 * definitions (documents with `document.dsl`), which are not Kubernetes objects.
 * @throws ManifestError with every problem found
 */
export function loadManifests(paths: readonly string[]): Manifests {
  const problems: ManifestProblem[] = []
  const found = {
    services: [] as ServiceResource[],
    brokers: [] as BrokerResource[],
    triggers: [] as TriggerResource[],
    configMaps: [] as ConfigMapResource[],
    others: [] as OtherResource[],
  }
  const seen = new Map<string, string>()

  for (const document of readYamlFiles(paths, problems)) {
    const typed = isManifest(document.root) ? readOne(document) : undefined
    if (typed) refuseTwin(document.root, typed.kind, typed.object, seen)
  }
  if (problems.length > 0) throw new ManifestError(problems)
  return found

  function readOne({ root, file }: YamlDocument): { kind: string; object: Named } | undefined {
    const kind = `${root.get('apiVersion').value}/${root.get('kind').value}`
    const table: Record<string, () => Named> = {
      'serving.knative.dev/v1/Service': () => keep(found.services, readService(root, file)),
      'eventing.knative.dev/v1/Broker': () => keep(found.brokers, readBroker(root, file)),
      'eventing.knative.dev/v1/Trigger': () => keep(found.triggers, readTrigger(root, file)),
      'v1/ConfigMap': () => keep(found.configMaps, readConfigMap(root, file)),
    }
    const read = table[kind]
    if (read) return { kind, object: read() }
    const wanted = Object.keys(table).find(known => isOtherVersion(known, kind))
    if (wanted) {
      const apiVersion = wanted.slice(0, wanted.lastIndexOf('/'))
      root
        .get('apiVersion')
        .report(`must be ${apiVersion}, got ${describe(root.get('apiVersion').value)}`)
      return undefined
    }
    return { kind, object: keep(found.others, readOther(root, file)) }
  }
}

interface Named {
  readonly namespace: string
  readonly name: string
  readonly file: string
  readonly line: number
}

function keep<T>(list: T[], item: T): T {
  list.push(item)
  return item
}

/** Whether the document is meant as a Kubernetes object; reports one that is half of it. */
function isManifest(root: Field): boolean {
  if (!isObject(root.value)) {
    root.report(`must be a mapping, got ${describe(root.value)}`)
    return false
  }
  if (root.get('document').get('dsl').value !== undefined) return false
  const missing = ['apiVersion', 'kind'].filter(name => !root.get(name).value)
  for (const name of missing) root.get(name).report('missing field(s)')
  if (missing.length === 0 && root.get('kind').value === 'List') {
    root.get('kind').report('a List is not read: write its items as documents of their own')
    return false
  }
  return missing.length === 0
}

function readOther(root: Field, file: string): OtherResource {
  const metadata = root.get('metadata')
  return {
    file,
    line: root.line(),
    name: toText(metadata.get('name').value, ''),
    namespace: toText(metadata.get('namespace').value, 'default'),
    apiVersion: String(root.get('apiVersion').value),
    kind: String(root.get('kind').value),
    document: isObject(root.value) ? root.value : {},
  }
}

const toText = (value: unknown, fallback: string): string =>
  typeof value === 'string' ? value : fallback

function refuseTwin(root: Field, kind: string, object: Named, seen: Map<string, string>): void {
  if (object.name === '') return
  const key = `${kind} ${object.namespace}/${object.name}`
  const before = seen.get(key)
  const place = `${object.file}:${object.line}`
  if (before === undefined) seen.set(key, place)
  else root.get('metadata').get('name').report(`"${object.name}" is defined already in ${before}`)
}

/** Same Knative group and kind, another version. */
function isOtherVersion(known: string, kind: string): boolean {
  const [group, , name] = known.split('/')
  const parts = kind.split('/')
  return name !== undefined && parts.length === 3 && parts[0] === group && parts[2] === name
}
