/** The objects that eventing's core owns, as the API shows them. */

import type { KubeObject } from '../control/object.ts'
import type { ChannelResource } from '../manifests/types.ts'
import type { EventingKind } from './admit.ts'
import type { Entry, Registry } from './registry.ts'
import { specOf } from './spec.ts'

/** Every object with its spec defaulted and its status; a Channel brings the InMemoryChannel that backs it. */
export function toObjects(registry: Registry): KubeObject[] {
  return registry.entries().flatMap(entry => {
    const object = toObject(entry, registry)
    return entry.kind === 'Channel' ? [object, backing(entry, object, registry)] : [object]
  })
}

const API_VERSIONS: Readonly<Record<EventingKind, string>> = {
  Broker: 'eventing.knative.dev/v1',
  Trigger: 'eventing.knative.dev/v1',
  Channel: 'messaging.knative.dev/v1',
  InMemoryChannel: 'messaging.knative.dev/v1',
  Subscription: 'messaging.knative.dev/v1',
}

const CLASS = 'eventing.knative.dev/broker.class'
const SUBSCRIBABLE = { 'messaging.knative.dev/subscribable': 'v1' }

/** What the defaulting webhook adds to the annotations. */
const ANNOTATIONS: Partial<Record<EventingKind, Record<string, string>>> = {
  Broker: { [CLASS]: 'MTChannelBasedBroker' },
  Channel: SUBSCRIBABLE,
  InMemoryChannel: SUBSCRIBABLE,
}

function toObject(entry: Entry, registry: Registry): KubeObject {
  const { kind, resource, identity, conditions, reconciled } = entry
  const { namespace, name } = resource
  const generation = identity.generation()
  const labels = {
    ...resource.labels,
    ...('broker' in resource && { 'eventing.knative.dev/broker': resource.broker }),
  }
  const annotations = { ...ANNOTATIONS[kind], ...resource.annotations }
  const owners = 'ownerReferences' in resource ? resource.ownerReferences : undefined
  return {
    apiVersion: API_VERSIONS[kind],
    kind,
    metadata: {
      name,
      namespace,
      uid: identity.uid,
      generation,
      creationTimestamp: identity.creationTimestamp,
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(owners && { ownerReferences: owners }),
    },
    spec: specOf(resource),
    status: {
      observedGeneration: generation,
      conditions: conditions.list(),
      ...reconciled.status,
      ...subscribersOf(kind, namespace, name, registry),
    },
  }
}

/** The InMemoryChannel that a Channel's controller would make; it lives and dies with the Channel. */
function backing(entry: Entry, channel: KubeObject, registry: Registry): KubeObject {
  const resource = { ...(entry.resource as ChannelResource), kind: 'InMemoryChannel' as const }
  const { channelTemplate: _, ...spec } = channel.spec ?? {}
  const { channel: _backed, conditions = [], ...status } = channel.status ?? {}
  const { apiVersion, kind, metadata } = channel
  const { name, uid } = metadata
  const transition = metadata.creationTimestamp
  const copied = conditions.filter(({ type }) => type !== 'BackingChannelReady')
  const own = ['ChannelServiceReady', 'DispatcherReady', 'EndpointsReady', 'ServiceReady'].map(
    type => ({ type, status: 'True' as const, lastTransitionTime: transition }),
  )
  return {
    apiVersion,
    kind: resource.kind,
    metadata: {
      ...metadata,
      uid: backingUid(uid),
      ownerReferences: [
        { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec,
    status: {
      ...status,
      conditions: [...copied, ...own].sort((a, b) => (a.type < b.type ? -1 : 1)),
      ...subscribersOf('InMemoryChannel', metadata.namespace, name, registry),
    },
  }
}

/** A UUID of its own that is always the same for a Channel: the last digit turned. */
function backingUid(uid: string): string {
  const last = Number.parseInt(uid.slice(-1), 16)
  return `${uid.slice(0, -1)}${((last + 8) % 16).toString(16)}`
}

/** `status.subscribers`, which the Subscription's controller waits for. */
function subscribersOf(
  kind: EventingKind,
  namespace: string,
  name: string,
  registry: Registry,
): { subscribers?: readonly Record<string, unknown>[] } {
  if (kind !== 'Channel' && kind !== 'InMemoryChannel') return {}
  const subscribers = registry
    .entries()
    .filter(
      ({ resource, conditions }) =>
        'channel' in resource &&
        resource.namespace === namespace &&
        resource.channel.name === name &&
        conditions.ready() === 'True',
    )
    .map(({ identity }) => ({
      uid: identity.uid,
      observedGeneration: identity.generation(),
      ready: 'True',
    }))
  return subscribers.length > 0 ? { subscribers } : {}
}
