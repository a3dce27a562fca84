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
  const { configuration } = deployment
  const latest = configuration.latestReady()
  const revisions = configuration.records().map(({ name, revision }) => ({
    name,
    ...revision.numbers(),
  }))
  const sum = (
    name: 'ready' | 'starting' | 'draining' | 'desired' | 'inFlight' | 'queued' | 'requests',
  ): number => revisions.reduce((total, revision) => total + revision[name], 0)
  return {
    name: service().name,
    namespace: service().namespace,
    url,
    latestReadyRevision: latest?.name,
    latestCreatedRevision: configuration.latestCreated()?.name,
    replicas: { ready: sum('ready'), starting: sum('starting'), draining: sum('draining') },
    desired: sum('desired'),
    inFlight: sum('inFlight'),
    queued: sum('queued'),
    requests: sum('requests'),
    lastColdStartMs: latest?.revision.numbers().lastColdStartMs,
    conditions: [toReady(deployment)],
    revisions,
  }
}

function toReady(deployment: Deployment): Condition {
  const failure = deployment.failure()
  if (failure) {
    const { reason, message } = failure
    const name = deployment.configuration.latestCreated()?.name
    return {
      type: 'Ready',
      status: 'False',
      reason,
      message: `revision ${name} did not start: ${message}`,
    }
  }
  const ready = deployment.conditions.list().find(({ type }) => type === 'Ready')
  const { status = 'Unknown', reason, message } = ready ?? {}
  return {
    type: 'Ready',
    status,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  }
}
