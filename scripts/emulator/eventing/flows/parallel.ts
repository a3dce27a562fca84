/** A Parallel as channels and subscriptions: a filter's answer, not its truth, is what a branch's subscriber gets. */
import type { OwnerReference } from '../../control/object.ts'
import type { ParallelResource } from '../../manifests/eventing-types.ts'
import { type FlowParts, toChannel, toReference, toSubscription } from './parts.ts'

/**
 * The objects that a Parallel owns: the channel where events come in, then one per branch; of each branch its filter's
 * subscription, then its subscriber's (`pkg/reconciler/parallel/resources`). Without a filter the event goes on as it is.
 */
export function expandParallel(parallel: ParallelResource, owner: OwnerReference): FlowParts {
  const { name, branches } = parallel
  const front = `${name}-kn-parallel`
  const part = (index: number): string => `${front}-${index}`
  const channels = [front, ...branches.map((_, index) => part(index))]
  const subscriptions = branches.flatMap(({ filter, subscriber, delivery, reply }, index) => {
    const next = reply ?? parallel.reply
    return [
      toSubscription(parallel, owner, {
        name: `${front}-filter-${index}`,
        channel: front,
        ...(filter && { subscriber: filter }),
        reply: toReference(parallel, part(index)),
      }),
      toSubscription(parallel, owner, {
        name: part(index),
        channel: part(index),
        subscriber,
        ...(delivery && { delivery }),
        ...(next && { reply: next }),
      }),
    ]
  })
  return {
    channels: channels.map(channel => toChannel(parallel, owner, channel)),
    subscriptions,
  }
}
