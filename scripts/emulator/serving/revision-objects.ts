/** A Revision with its PodAutoscaler and ServerlessService, as the Kubernetes API shows them. */
import { type KubeObject, toOwnerReference, toTimestamp } from '../control/object.ts'
import { isObject } from '../manifests/field.ts'
import type { RevisionRecord } from './revision-record.ts'
import { countActivators } from './scale-settings.ts'
import type { Json } from './service-defaults.ts'

/** Whose Revision it is. */
export interface RevisionOwners {
  readonly service: KubeObject
  readonly configuration: KubeObject
}

const GROUP = 'serving.knative.dev'
const AUTOSCALING = 'autoscaling.internal.knative.dev/v1alpha1'
const NETWORKING = 'networking.internal.knative.dev/v1alpha1'
const REACHABILITY = { active: 'Reachable', reserve: 'Unreachable', pending: '' } as const

/** The three objects; the Revision comes first. */
export function toRevisionObjects(record: RevisionRecord, owners: RevisionOwners): KubeObject[] {
  const revision = toRevision(record, owners)
  const autoscaler = toPodAutoscaler(record, revision)
  return [revision, autoscaler, toServerlessService(record, autoscaler)]
}

function toRevision(
  record: RevisionRecord,
  { service, configuration }: RevisionOwners,
): KubeObject {
  const { identity, template, conditions } = record
  const { name: owner, namespace, uid, annotations = {} } = configuration.metadata
  const { state, since } = record.routing()
  const metadata = isObject(template.metadata) ? template.metadata : {}
  const { ready, desired } = record.revision.numbers()
  const isRouted = state === 'active'
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'Revision',
    metadata: {
      name: record.name,
      namespace,
      uid: identity.uid,
      generation: 1,
      creationTimestamp: identity.creationTimestamp,
      labels: {
        ...textsOf(metadata.labels),
        [`${GROUP}/configuration`]: owner,
        [`${GROUP}/configurationGeneration`]: String(record.generation),
        [`${GROUP}/configurationUID`]: uid,
        [`${GROUP}/routingState`]: state,
        [`${GROUP}/service`]: service.metadata.name,
        [`${GROUP}/serviceUID`]: service.metadata.uid,
      },
      annotations: {
        ...textsOf(metadata.annotations),
        [`${GROUP}/creator`]: annotations[`${GROUP}/lastModifier`] ?? '',
        ...(isRouted && { [`${GROUP}/routes`]: service.metadata.name }),
        [`${GROUP}/routingStateModified`]: toTimestamp(since),
      },
      ownerReferences: [toOwnerReference(configuration)],
    },
    spec: isObject(template.spec) ? template.spec : {},
    status: {
      observedGeneration: 1,
      conditions: conditions.list(),
      containerStatuses: toContainerStatuses(template),
      actualReplicas: ready,
      desiredReplicas: desired,
    },
  }
}

/** No registry resolves the image here: it is shown as it was written. */
function toContainerStatuses({ spec }: Json): Json[] {
  const containers = isObject(spec) && Array.isArray(spec.containers) ? spec.containers : []
  return containers.filter(isObject).map(({ name, image }) => ({ name, imageDigest: image }))
}

function toPodAutoscaler(record: RevisionRecord, revision: KubeObject): KubeObject {
  const { service } = record.revision
  const { ready, desired } = record.revision.numbers()
  const { state } = record.routing()
  return {
    apiVersion: AUTOSCALING,
    kind: 'PodAutoscaler',
    metadata: childMeta(revision),
    spec: {
      containerConcurrency: service.template.containerConcurrency,
      protocolType: service.template.portName,
      reachability: REACHABILITY[state],
      scaleTargetRef: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        name: `${record.name}-deployment`,
      },
    },
    status: {
      observedGeneration: 1,
      conditions: record.scaling.list(),
      actualScale: ready,
      desiredScale: desired,
      metricsServiceName: `${record.name}-private`,
      serviceName: record.name,
    },
  }
}

/** Mode `Proxy` is the activator in the path of requests. */
function toServerlessService(record: RevisionRecord, autoscaler: KubeObject): KubeObject {
  const backends = record.scaling.list().find(({ type }) => type === 'SKSReady')
  const { status = 'Unknown', lastTransitionTime = autoscaler.metadata.creationTimestamp } =
    backends ?? {}
  const why = status === 'True' ? {} : { reason: 'NoHealthyBackends' }
  const mode = record.revision.proxied() ? 'Proxy' : 'Serve'
  return {
    apiVersion: NETWORKING,
    kind: 'ServerlessService',
    metadata: childMeta(autoscaler),
    spec: {
      mode,
      numActivators: countActivators(record.settings, record.revision.numbers().ready),
      objectRef: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        name: `${record.name}-deployment`,
      },
      protocolType: record.revision.service.template.portName,
    },
    status: {
      observedGeneration: 1,
      conditions: ['EndpointsPopulated', 'Ready'].map(type => ({
        type,
        status,
        lastTransitionTime,
        ...why,
      })),
      privateServiceName: `${record.name}-private`,
      serviceName: record.name,
    },
  }
}

function childMeta(owner: KubeObject): KubeObject['metadata'] {
  const { ownerReferences: _, uid, ...rest } = owner.metadata
  return {
    ...rest,
    // One object of each kind per Revision: its uid must differ, and stay the same from look to look.
    uid: `${uid.slice(0, -1)}${((Number.parseInt(uid.slice(-1), 16) + 1) % 16).toString(16)}`,
    generation: 1,
    ownerReferences: [toOwnerReference(owner)],
  }
}

function textsOf(value: unknown): Record<string, string> {
  const texts: Record<string, string> = {}
  if (!isObject(value)) return texts
  for (const [key, text] of Object.entries(value)) if (typeof text === 'string') texts[key] = text
  return texts
}
