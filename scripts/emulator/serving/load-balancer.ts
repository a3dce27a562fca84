/** Chooses a replica for a request, as Knative's activator does (serving pkg/activator/net/lb_policy.go). */
import type { Replica } from './replica.ts'

/** Picks a ready replica with a free slot; undefined when there is none. */
export type LoadBalancer = (replicas: readonly Replica[]) => Replica | undefined

const FIRST_FREE_LIMIT = 3

/** The policy for a `containerConcurrency`: random choice of two, first free, or round robin. */
export function createLoadBalancer(
  concurrency: number,
  random: () => number = Math.random,
): LoadBalancer {
  if (concurrency === 0) {
    return replicas => {
      const [only] = replicas
      if (only && replicas.length === 1) return isReady(only) ? only : undefined
      return chooseOfTwo(replicas.filter(isReady), random)
    }
  }
  const isFree = (replica: Replica): boolean => isReady(replica) && replica.inFlight < concurrency
  if (concurrency <= FIRST_FREE_LIMIT) return replicas => replicas.find(isFree)
  let turn = 0
  return replicas => {
    for (let step = 0; step < replicas.length; step++) {
      const replica = replicas[(turn + step) % replicas.length]
      if (replica && isFree(replica)) {
        turn = (turn + step + 1) % replicas.length
        return replica
      }
    }
    return undefined
  }
}

const isReady = (replica: Replica): boolean => replica.phase === 'ready'

function chooseOfTwo(ready: readonly Replica[], random: () => number): Replica | undefined {
  if (ready.length <= 1) return ready[0]
  const first = Math.floor(random() * ready.length)
  const second = (first + 1 + Math.floor(random() * (ready.length - 1))) % ready.length
  const [a, b] = [ready[first], ready[second]]
  return a && b && b.inFlight < a.inFlight ? b : a
}
