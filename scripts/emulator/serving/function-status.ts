/** A function's status as the start screen, the API and the dashboard show it. */
import type { Deployment } from './deployment.ts'
import type { RevisionNumbers } from './revision.ts'

/** A Kubernetes condition, without its timestamps. */
export interface Condition {
  readonly type: 'Ready'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
}

/** One revision of a function. */
export interface RevisionStatus extends RevisionNumbers {
  readonly name: string
}

/** One function. */
export interface FunctionStatus {
  readonly name: string
  readonly namespace: string
  readonly url: string
  readonly latestReadyRevision: string | undefined
  readonly latestCreatedRevision: string | undefined
  readonly replicas: {
    readonly ready: number
    readonly starting: number
    readonly draining: number
  }
  readonly desired: number
  readonly inFlight: number
  readonly queued: number
  readonly requests: number
  readonly lastColdStartMs: number | undefined
  readonly conditions: readonly Condition[]
  readonly revisions: readonly RevisionStatus[]
}

/** Sums a deployment's revisions up. */
export function toFunctionStatus(deployment: Deployment, url: string): FunctionStatus {
  const { service } = deployment
  const revisions = deployment.revisions().map(revision => ({
    name: revision.name,
    ...revision.numbers(),
  }))
  const sum = (
    name: 'ready' | 'starting' | 'draining' | 'desired' | 'inFlight' | 'queued' | 'requests',
  ): number => revisions.reduce((total, revision) => total + revision[name], 0)
  return {
    name: service().name,
    namespace: service().namespace,
    url,
    latestReadyRevision: deployment.latestReady()?.name,
    latestCreatedRevision: deployment.latestCreated(),
    replicas: { ready: sum('ready'), starting: sum('starting'), draining: sum('draining') },
    desired: sum('desired'),
    inFlight: sum('inFlight'),
    queued: sum('queued'),
    requests: sum('requests'),
    lastColdStartMs: deployment.latestReady()?.numbers().lastColdStartMs,
    conditions: [toReady(deployment)],
    revisions,
  }
}

function toReady(deployment: Deployment): Condition {
  const latest = deployment.latestReady()
  const failure = deployment.failure()
  if (failure) return { type: 'Ready', status: 'False', ...failure }
  if (!latest) return { type: 'Ready', status: 'Unknown', reason: 'Deploying' }
  const broken = latest.numbers().failure
  if (!broken) return { type: 'Ready', status: 'True' }
  const message = `revision ${latest.name} did not start: ${broken.message}`
  return { type: 'Ready', status: 'False', reason: broken.reason, message }
}
