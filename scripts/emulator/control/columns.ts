/** The columns that `kubectl get` prints: `additionalPrinterColumns` of Knative's own definitions. */
import { fromStoredSpec } from './event-type-version.ts'
import type { KubeObject } from './object.ts'

/** One column of a kind's table. */
export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date'
  readonly value: (object: KubeObject) => unknown
  /** 1 is shown by `-o wide` only. */
  readonly priority?: number
}

const path =
  (...keys: readonly string[]) =>
  (object: KubeObject): unknown =>
    keys.reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined,
      object,
    )

const ready =
  (field: 'status' | 'reason') =>
  ({ status }: KubeObject): unknown =>
    status?.conditions?.find(({ type }) => type === 'Ready')?.[field]

const text = (name: string, ...keys: readonly string[]): Column => ({
  name,
  type: 'string',
  value: path(...keys),
})

/** The age, as a time stamp that the client turns into `5m`. */
export const AGE: Column = {
  name: 'Age',
  type: 'date',
  value: path('metadata', 'creationTimestamp'),
}
const URL_COLUMN = text('URL', 'status', 'url')
const ADDRESS = text('URL', 'status', 'address', 'url')
const READY: Column = { name: 'Ready', type: 'string', value: ready('status') }
const REASON: Column = { name: 'Reason', type: 'string', value: ready('reason') }
const SINK = text('Sink', 'status', 'sinkUri')
const LATEST = [
  text('LatestCreated', 'status', 'latestCreatedRevisionName'),
  text('LatestReady', 'status', 'latestReadyRevisionName'),
]
const FLOW = [ADDRESS, AGE, READY, REASON]

/** By kind, without the name, which comes first in every table. */
export const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  'serving.knative.dev/Service': [URL_COLUMN, ...LATEST, READY, REASON],
  'serving.knative.dev/Configuration': [...LATEST, READY, REASON],
  'serving.knative.dev/Revision': [
    {
      name: 'Config Name',
      type: 'string',
      value: path('metadata', 'labels', 'serving.knative.dev/configuration'),
    },
    {
      name: 'Generation',
      type: 'string',
      value: path('metadata', 'labels', 'serving.knative.dev/configurationGeneration'),
    },
    READY,
    REASON,
    { name: 'Actual Replicas', type: 'integer', value: path('status', 'actualReplicas') },
    { name: 'Desired Replicas', type: 'integer', value: path('status', 'desiredReplicas') },
  ],
  'serving.knative.dev/Route': [URL_COLUMN, READY, REASON],
  'serving.knative.dev/DomainMapping': [URL_COLUMN, READY, REASON],
  'autoscaling.internal.knative.dev/PodAutoscaler': [
    { name: 'DesiredScale', type: 'integer', value: path('status', 'desiredScale') },
    { name: 'ActualScale', type: 'integer', value: path('status', 'actualScale') },
    READY,
    REASON,
  ],
  'eventing.knative.dev/Broker': FLOW,
  'eventing.knative.dev/Trigger': [
    text('Broker', 'spec', 'broker'),
    text('Subscriber_URI', 'status', 'subscriberUri'),
    AGE,
    READY,
    REASON,
  ],
  'eventing.knative.dev/EventType': [
    { name: 'Type', type: 'string', value: attributeOf('type') },
    { name: 'Source', type: 'string', value: attributeOf('source') },
    { name: 'Schema', type: 'string', value: attributeOf('schema') },
    text('Reference Name', 'spec', 'reference', 'name'),
    text('Reference Kind', 'spec', 'reference', 'kind'),
    text('Description', 'spec', 'description'),
    READY,
    REASON,
  ],
  'eventing.knative.dev/EventPolicy': [READY, REASON],
  'eventing.knative.dev/EventTransform': [ADDRESS, READY, REASON],
  'eventing.knative.dev/RequestReply': FLOW,
  'messaging.knative.dev/Channel': [ADDRESS, AGE, READY, REASON],
  'messaging.knative.dev/InMemoryChannel': [ADDRESS, AGE, READY, REASON],
  'messaging.knative.dev/Subscription': [AGE, READY, REASON],
  'flows.knative.dev/Sequence': FLOW,
  'flows.knative.dev/Parallel': FLOW,
  'sources.knative.dev/PingSource': [
    SINK,
    text('Schedule', 'spec', 'schedule'),
    AGE,
    READY,
    REASON,
  ],
  'sources.knative.dev/SinkBinding': [SINK, AGE, READY, REASON],
  'sources.knative.dev/ContainerSource': [SINK, AGE, READY, REASON],
  'sources.knative.dev/ApiServerSource': [SINK, AGE, READY, REASON],
  'sinks.knative.dev/JobSink': [ADDRESS, AGE, READY, REASON],
  'batch/Job': [
    { name: 'Status', type: 'string', value: jobStatus },
    { name: 'Completions', type: 'string', value: completions },
    AGE,
  ],
  '/ConfigMap': [{ name: 'Data', type: 'string', value: countOf('data') }, AGE],
  '/Secret': [text('Type', 'type'), { name: 'Data', type: 'string', value: countOf('data') }, AGE],
  '/Namespace': [text('Status', 'status', 'phase'), AGE],
  '/Event': [
    { ...text('Last Seen', 'lastTimestamp'), type: 'date' },
    text('Type', 'type'),
    text('Reason', 'reason'),
    {
      name: 'Object',
      type: 'string',
      value: object =>
        `${String(path('involvedObject', 'kind')(object)).toLowerCase()}/${path('involvedObject', 'name')(object)}`,
    },
    text('Message', 'message'),
  ],
}

function countOf(field: string): (object: KubeObject) => unknown {
  return object => Object.keys((path(field)(object) as object | undefined) ?? {}).length
}

/** As kubectl says it; a Job that nobody made runs nowhere, and has no status. */
function jobStatus({ status }: KubeObject): unknown {
  if (!status) return undefined
  const ended = status.conditions?.find(({ status: value }) => value === 'True')
  return ended?.type ?? 'Running'
}

function completions(object: KubeObject): unknown {
  const wanted = path('spec', 'completions')(object) ?? 1
  return `${path('status', 'succeeded')(object) ?? 0}/${wanted}`
}

function attributeOf(name: string): (object: KubeObject) => unknown {
  return object => fromStoredSpec(object.spec)[name]
}
