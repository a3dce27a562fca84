/** A cluster as a target: any Knative that a kubeconfig leads to. */
import { readKubeconfig } from './kubeconfig.ts'
import { createKubernetes, type Kubernetes } from './kubernetes.ts'
import type { Target } from './target.ts'

/** Where a cluster is; `undefined` where nobody said. */
export interface ClusterSettings {
  readonly kubeconfig: string
  readonly image: string | undefined
  readonly ingress: string | undefined
  readonly namespace: string | undefined
}

/** Any but root. */
const USER = 65_532
const DEFAULT_NAMESPACE = 'aiwfe-conformance'
/** Images are pulled, Pods are scheduled, and others work there too. */
const PATIENCE = 6

/**
 * Opens the cluster and makes the namespace when it is missing; what rules make in it is removed after each.
 * @throws TypeError that names the missing variable; Error that says why the cluster cannot be reached
 */
export async function openCluster(settings: ClusterSettings): Promise<Target> {
  const image = required('AIWFE_CONFORMANCE_IMAGE', settings.image, 'an image of the probe')
  const ingress = required(
    'AIWFE_CONFORMANCE_INGRESS',
    settings.ingress,
    'host:port of the ingress',
  )
  const namespace = settings.namespace ?? DEFAULT_NAMESPACE
  const kubernetes = createKubernetes(readKubeconfig(settings.kubeconfig), namespace)
  await ensureNamespace(kubernetes, namespace)
  return {
    kind: 'cluster',
    namespace,
    kubernetes,
    image,
    annotations: {},
    user: USER,
    ingress,
    patience: PATIENCE,
    logs: service => readLogs(kubernetes, namespace, service),
    passTime: ms => new Promise(resolve => setTimeout(resolve, ms)),
    close: async () => {
      // What rules share outlives them.
      for (const name of ['recorder', 'shared']) {
        await kubernetes.remove('Service', name).catch(() => {})
      }
    },
  }
}

function required(name: string, value: string | undefined, what: string): string {
  if (value !== undefined && value !== '') return value
  throw new TypeError(`"${name}" must be ${what}, got nothing: see test/conformance/README.md`)
}

async function ensureNamespace(kubernetes: Kubernetes, name: string): Promise<void> {
  const { status } = await kubernetes.raw('GET', `/api/v1/namespaces/${name}`)
  if (status === 200) return
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  const made = await kubernetes.raw('POST', '/api/v1/namespaces', body)
  if (made.status !== 201) throw new Error(`cannot make the namespace ${name}: ${made.text}`)
}

/** Of each Pod both what runs now and what ran before it crashed. */
async function readLogs(
  kubernetes: Kubernetes,
  namespace: string,
  service: string,
): Promise<string> {
  const pods = `/api/v1/namespaces/${namespace}/pods`
  const selector = new URLSearchParams({ labelSelector: `serving.knative.dev/service=${service}` })
  const { text } = await kubernetes.raw('GET', `${pods}?${selector}`)
  const { items = [] } = JSON.parse(text) as { items?: { metadata: { name: string } }[] }
  const paths = items.flatMap(({ metadata }) =>
    ['false', 'true'].map(
      previous => `${pods}/${metadata.name}/log?container=user-container&previous=${previous}`,
    ),
  )
  const logs = await Promise.all(paths.map(path => kubernetes.raw('GET', path)))
  return logs.map(log => (log.status === 200 ? log.text : '')).join('')
}
