/** Reads one document of any kind: the table of the kinds that the emulator types. */
import { readApiServerSource } from './api-server-source.ts'
import { readBroker } from './broker.ts'
import { readChannel, readInMemoryChannel } from './channel.ts'
import { readConfigMap } from './config-map.ts'
import { readContainerSource } from './container-source.ts'
import { readEventPolicy } from './event-policy.ts'
import { readEventTransform } from './event-transform.ts'
import { readEventType } from './event-type.ts'
import { createJsonField, describe, type Field, isObject } from './field.ts'
import { readParallel, readSequence } from './flow.ts'
import { readJobSink } from './job-sink.ts'
import type { ManifestProblem } from './manifest-error.ts'
import { readPingSource } from './ping-source.ts'
import { readRequestReply } from './request-reply.ts'
import { DEFAULT_REVISION_LIMITS, type RevisionLimits } from './revision-limits.ts'
import { readService } from './service.ts'
import { readSinkBinding } from './sink-binding.ts'
import { readSubscription } from './subscription.ts'
import { readTrigger } from './trigger.ts'
import type { Manifests, OtherResource } from './types.ts'

/** A typed resource with the list of `Manifests` that it belongs to. */
export type ReadResource = {
  [List in keyof Manifests]: {
    readonly list: List
    /** `<apiVersion>/<kind>`. */
    readonly kind: string
    readonly resource: Manifests[List][number]
  }
}[keyof Manifests]

type Reader = {
  [List in keyof Manifests]: {
    readonly list: List
    readonly read: (root: Field, file: string, limits: RevisionLimits) => Manifests[List][number]
  }
}[keyof Manifests]

/** By `<apiVersion>/<kind>`; a kind that is not here is kept as it is. */
const READERS: Readonly<Record<string, Reader>> = {
  'serving.knative.dev/v1/Service': { list: 'services', read: readService },
  'eventing.knative.dev/v1/Broker': { list: 'brokers', read: readBroker },
  'eventing.knative.dev/v1/Trigger': { list: 'triggers', read: readTrigger },
  'messaging.knative.dev/v1/Channel': { list: 'channels', read: readChannel },
  'messaging.knative.dev/v1/InMemoryChannel': { list: 'channels', read: readInMemoryChannel },
  'messaging.knative.dev/v1/Subscription': { list: 'subscriptions', read: readSubscription },
  'flows.knative.dev/v1/Sequence': { list: 'eventing', read: readSequence },
  'flows.knative.dev/v1/Parallel': { list: 'eventing', read: readParallel },
  'sources.knative.dev/v1/PingSource': { list: 'eventing', read: readPingSource },
  'sources.knative.dev/v1/ApiServerSource': { list: 'eventing', read: readApiServerSource },
  'sources.knative.dev/v1/SinkBinding': { list: 'eventing', read: readSinkBinding },
  'sources.knative.dev/v1/ContainerSource': { list: 'eventing', read: readContainerSource },
  'sinks.knative.dev/v1alpha1/JobSink': { list: 'eventing', read: readJobSink },
  'eventing.knative.dev/v1alpha1/EventTransform': { list: 'eventing', read: readEventTransform },
  'eventing.knative.dev/v1alpha1/RequestReply': { list: 'eventing', read: readRequestReply },
  'eventing.knative.dev/v1alpha1/EventPolicy': { list: 'eventing', read: readEventPolicy },
  'eventing.knative.dev/v1beta3/EventType': { list: 'eventing', read: readEventType },
  'v1/ConfigMap': { list: 'configMaps', read: readConfigMap },
}

/** Reads and checks one document; undefined when it is no Kubernetes object. Problems are reported at their fields. */
export function readDocument(
  root: Field,
  file: string,
  limits: RevisionLimits = DEFAULT_REVISION_LIMITS,
): ReadResource | undefined {
  if (!isManifest(root)) return undefined
  const kind = `${root.get('apiVersion').value}/${root.get('kind').value}`
  const reader = READERS[kind]
  if (reader) {
    const resource = reader.read(root, file, limits)
    // The table pairs each list with the reader of its items.
    return { list: reader.list, kind, resource } as ReadResource
  }
  const wanted = Object.keys(READERS).find(known => isOtherVersion(known, kind))
  if (wanted === undefined) return { list: 'others', kind, resource: readOther(root, file) }
  const apiVersion = wanted.slice(0, wanted.lastIndexOf('/'))
  const field = root.get('apiVersion')
  field.report(`must be ${apiVersion}, got ${describe(field.value)}`)
  return undefined
}

/** Reads a document that came as JSON: `file` says who sent it. */
export function readJsonDocument(
  document: unknown,
  file: string,
  limits?: RevisionLimits,
): { result: ReadResource | undefined; problems: readonly ManifestProblem[] } {
  const problems: ManifestProblem[] = []
  const result = readDocument(createJsonField(document, { file, problems }), file, limits)
  return { result, problems }
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

/** Same Knative group and kind, another version. */
function isOtherVersion(known: string, kind: string): boolean {
  const [group, , name] = known.split('/')
  const parts = kind.split('/')
  return name !== undefined && parts.length === 3 && parts[0] === group && parts[2] === name
}
