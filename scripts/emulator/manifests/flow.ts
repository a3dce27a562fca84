/** Sequence and Parallel: functions one after the other, or side by side. */
import { readDelivery, readDestination } from './delivery.ts'
import type {
  ChannelTemplate,
  FlowBranch,
  FlowStep,
  ParallelResource,
  SequenceResource,
} from './eventing-types.ts'
import { type Field, isObject } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readRequired, refuseUnknown } from './read.ts'
import {
  completed,
  type Spec,
  specOf,
  withDeliveryNamespace,
  withNamespaces,
} from './spec-defaults.ts'
import type { Destination } from './types.ts'

/** What `default-ch-webhook` of a fresh installation makes channels of. */
const DEFAULT_CHANNEL: ChannelTemplate = {
  apiVersion: 'messaging.knative.dev/v1',
  kind: 'InMemoryChannel',
}
const CHANNEL_KINDS = ['Channel', 'InMemoryChannel']

/** Reads and checks one `flows.knative.dev/v1` Sequence. */
export function readSequence(root: Field, file: string): SequenceResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file, { label: true })
  const { namespace } = metadata
  const spec = root.get('spec')
  refuseUnknown(spec, ['steps', 'channelTemplate', 'reply'])
  const steps = spec.get('steps').items()
  if (steps.length === 0) spec.get('steps').report('missing field(s)')
  const reply = readOptional(spec.get('reply'), namespace)
  return {
    kind: 'Sequence',
    ...metadata,
    steps: steps.map(step => readStep(step, namespace)),
    channelTemplate: readTemplate(spec.get('channelTemplate'), namespace),
    ...(reply && { reply }),
    spec: withDefaults(specOf(metadata.document), namespace, 'steps', step =>
      isObject(step) ? withDeliveryNamespace(completed(step, namespace), namespace) : step,
    ),
  }
}

/** Reads and checks one `flows.knative.dev/v1` Parallel. */
export function readParallel(root: Field, file: string): ParallelResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file, { label: true })
  const { namespace } = metadata
  const spec = root.get('spec')
  refuseUnknown(spec, ['branches', 'channelTemplate', 'reply'])
  const branches = spec.get('branches').items()
  if (branches.length === 0) spec.get('branches').report('missing field(s)')
  const reply = readOptional(spec.get('reply'), namespace)
  return {
    kind: 'Parallel',
    ...metadata,
    branches: branches.map(branch => readBranch(branch, namespace)),
    channelTemplate: readTemplate(spec.get('channelTemplate'), namespace),
    ...(reply && { reply }),
    spec: withDefaults(specOf(metadata.document), namespace, 'branches', branch =>
      isObject(branch)
        ? withDeliveryNamespace(
            withNamespaces(branch, ['filter', 'subscriber', 'reply'], namespace),
            namespace,
          )
        : branch,
    ),
  }
}

/** A step is a Destination with a delivery beside it. */
function readStep(step: Field, namespace: string): FlowStep {
  const delivery = readDelivery(step.get('delivery'), namespace)
  return {
    subscriber: readDestination(step, namespace, ['delivery']),
    ...(delivery && { delivery }),
  }
}

function readBranch(branch: Field, namespace: string): FlowBranch {
  refuseUnknown(branch, ['filter', 'subscriber', 'reply', 'delivery'])
  const subscriber = branch.get('subscriber')
  if (subscriber.value === undefined) subscriber.report('missing field(s)')
  const filter = readOptional(branch.get('filter'), namespace)
  const reply = readOptional(branch.get('reply'), namespace)
  const delivery = readDelivery(branch.get('delivery'), namespace)
  return {
    subscriber: readOptional(subscriber, namespace) ?? {},
    ...(filter && { filter }),
    ...(reply && { reply }),
    ...(delivery && { delivery }),
  }
}

function readOptional(field: Field, namespace: string): Destination | undefined {
  if (field.value === undefined || field.value === null) return undefined
  return readDestination(field, namespace)
}

/** The emulator has one channel implementation, whatever makes it on the cluster. */
function readTemplate(field: Field, namespace: string): ChannelTemplate {
  if (field.value === undefined || field.value === null) return DEFAULT_CHANNEL
  refuseUnknown(field, ['apiVersion', 'kind', 'spec'])
  const apiVersion = readRequired(field.get('apiVersion'))
  const kind = readRequired(field.get('kind'))
  const isKnown =
    apiVersion === '' ||
    kind === '' ||
    (/^messaging\./.test(apiVersion) && CHANNEL_KINDS.includes(kind))
  if (!isKnown)
    field
      .get('kind')
      .report(`must be InMemoryChannel or Channel, got ${kind}: no other is emulated`)
  refuseUnknown(field.get('spec'), ['delivery'])
  const delivery = readDelivery(field.get('spec').get('delivery'), namespace)
  return { apiVersion, kind, ...(delivery && { delivery }) }
}

function withDefaults(
  spec: Spec,
  namespace: string,
  list: string,
  complete: (item: unknown) => unknown,
): Spec {
  const items = spec[list]
  return {
    channelTemplate: DEFAULT_CHANNEL,
    ...withNamespaces(spec, ['reply'], namespace),
    [list]: Array.isArray(items) ? items.map(complete) : [],
  }
}
