/** The kinds that the emulator's Kubernetes API serves, and what may be done with each. */

/** A kind of object. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string
  /** The first is the one that objects are kept in. */
  readonly versions: readonly string[]
  readonly kind: string
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly namespaced: boolean
  readonly categories: readonly string[]
  /**
   * `run`: applied to a part of the emulator. `made`: owned objects that the emulator makes; `reap`: the same, but they
   * may be deleted. `keep`: stored and shown, nothing acts on them, and that is all a laptop needs of them.
   * `idle`: stored too, but on a cluster something would run, which is told to whoever applies one.
   */
  readonly role: 'run' | 'made' | 'reap' | 'keep' | 'idle'
}

type Row = readonly [kind: string, plural: string, role: Kind['role'], ...shortNames: string[]]

const SERVING = group(
  'serving.knative.dev',
  ['v1'],
  ['all', 'knative', 'serving'],
  [
    ['Service', 'services', 'run', 'kservice', 'ksvc'],
    ['Configuration', 'configurations', 'made', 'config', 'cfg'],
    ['Revision', 'revisions', 'reap', 'rev'],
    ['Route', 'routes', 'made', 'rt'],
  ],
)
const SCALING = group(
  'autoscaling.internal.knative.dev',
  ['v1alpha1'],
  ['knative-internal', 'autoscaling'],
  [['PodAutoscaler', 'podautoscalers', 'made', 'kpa', 'pa']],
)
const EVENTING = [
  ...group(
    'eventing.knative.dev',
    ['v1'],
    ['all', 'knative', 'eventing'],
    [
      ['Broker', 'brokers', 'run'],
      ['Trigger', 'triggers', 'run'],
    ],
  ),
  ...group(
    'eventing.knative.dev',
    ['v1beta3', 'v1beta2', 'v1beta1'],
    ['all', 'knative', 'eventing'],
    [['EventType', 'eventtypes', 'run']],
  ),
  ...group(
    'eventing.knative.dev',
    ['v1alpha1'],
    ['all', 'knative', 'eventing'],
    [
      ['EventPolicy', 'eventpolicies', 'run'],
      ['EventTransform', 'eventtransforms', 'run'],
      ['RequestReply', 'requestreplies', 'run', 'rr'],
    ],
  ),
  ...group(
    'messaging.knative.dev',
    ['v1'],
    ['all', 'knative', 'messaging', 'channel'],
    [
      ['Channel', 'channels', 'run', 'ch'],
      ['InMemoryChannel', 'inmemorychannels', 'run', 'imc'],
      ['Subscription', 'subscriptions', 'run', 'sub'],
    ],
  ),
  ...group(
    'flows.knative.dev',
    ['v1'],
    ['all', 'knative', 'flows'],
    [
      ['Sequence', 'sequences', 'run'],
      ['Parallel', 'parallels', 'run'],
    ],
  ),
  ...group(
    'sources.knative.dev',
    ['v1'],
    ['all', 'knative', 'sources'],
    [
      ['PingSource', 'pingsources', 'run'],
      ['SinkBinding', 'sinkbindings', 'run'],
      ['ContainerSource', 'containersources', 'run'],
      ['ApiServerSource', 'apiserversources', 'run'],
    ],
  ),
  ...group(
    'sinks.knative.dev',
    ['v1alpha1'],
    ['all', 'knative', 'sinks'],
    [['JobSink', 'jobsinks', 'run']],
  ),
]
const OTHERS = [
  ...group(
    'serving.knative.dev',
    ['v1beta1'],
    ['all', 'knative', 'serving'],
    [['DomainMapping', 'domainmappings', 'run', 'dm']],
  ),
  ...group(
    '',
    ['v1'],
    [],
    [
      ['ConfigMap', 'configmaps', 'keep', 'cm'],
      ['Secret', 'secrets', 'keep'],
      ['ServiceAccount', 'serviceaccounts', 'keep', 'sa'],
      ['Event', 'events', 'keep', 'ev'],
      ['Service', 'services', 'idle', 'svc'],
      ['Pod', 'pods', 'idle', 'po'],
      ['PersistentVolumeClaim', 'persistentvolumeclaims', 'idle', 'pvc'],
    ],
  ),
  ...group(
    'apps',
    ['v1'],
    ['all'],
    [
      ['Deployment', 'deployments', 'idle', 'deploy'],
      ['StatefulSet', 'statefulsets', 'idle', 'sts'],
    ],
  ),
  ...group(
    'batch',
    ['v1'],
    ['all'],
    [
      ['Job', 'jobs', 'idle'],
      ['CronJob', 'cronjobs', 'idle', 'cj'],
    ],
  ),
  ...group(
    'rbac.authorization.k8s.io',
    ['v1'],
    [],
    [
      ['Role', 'roles', 'keep'],
      ['RoleBinding', 'rolebindings', 'keep'],
    ],
  ),
  ...group(
    'networking.k8s.io',
    ['v1'],
    [],
    [['NetworkPolicy', 'networkpolicies', 'keep', 'netpol']],
  ),
  ...group('policy', ['v1'], [], [['PodDisruptionBudget', 'poddisruptionbudgets', 'keep', 'pdb']]),
]
const CLUSTER_WIDE = [
  ...group('', ['v1'], [], [['Namespace', 'namespaces', 'keep', 'ns']]),
  ...group(
    'rbac.authorization.k8s.io',
    ['v1'],
    [],
    [
      ['ClusterRole', 'clusterroles', 'keep'],
      ['ClusterRoleBinding', 'clusterrolebindings', 'keep'],
    ],
  ),
  ...group(
    'apiextensions.k8s.io',
    ['v1'],
    [],
    [['CustomResourceDefinition', 'customresourcedefinitions', 'made', 'crd', 'crds']],
  ),
].map(kind => ({ ...kind, namespaced: false }))

/** Every kind. */
export const KINDS: readonly Kind[] = [
  ...SERVING,
  ...SCALING,
  ...EVENTING,
  ...OTHERS,
  ...CLUSTER_WIDE,
]

const byName = new Map(KINDS.map(kind => [`${kind.group}/${kind.kind}`, kind]))

/** The kind of a document, whatever version it is written in; undefined when the API has no such kind. */
export function findKind(apiVersion: string, kind: string): Kind | undefined {
  const slash = apiVersion.indexOf('/')
  return byName.get(`${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}`)
}

/** `v1`, or `<group>/<version>`. */
export const toApiVersion = ({ group: name }: Kind, version: string): string =>
  name === '' ? version : `${name}/${version}`

function group(
  name: string,
  versions: readonly string[],
  categories: readonly string[],
  rows: readonly Row[],
): Kind[] {
  return rows.map(([kind, plural, role, ...shortNames]) => ({
    group: name,
    versions,
    kind,
    plural,
    shortNames,
    namespaced: true,
    categories,
    role,
  }))
}
