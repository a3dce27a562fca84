/** A Sequence as channels and subscriptions: each step's answer goes into the next step's channel. */
import type { OwnerReference } from '../../control/object.ts'
import type { SequenceResource } from '../../manifests/eventing-types.ts'
import { type FlowParts, toChannel, toReference, toSubscription } from './parts.ts'

/** The objects that a Sequence owns, first step first (`pkg/reconciler/sequence/resources`). */
export function expandSequence(sequence: SequenceResource, owner: OwnerReference): FlowParts {
  const { name, steps } = sequence
  const part = (index: number): string => `${name}-kn-sequence-${index}`
  const channels = steps.map((_, index) => toChannel(sequence, owner, part(index)))
  const subscriptions = steps.map((step, index) => {
    const next = index + 1 < steps.length ? toReference(sequence, part(index + 1)) : sequence.reply
    return toSubscription(sequence, owner, {
      name: part(index),
      channel: part(index),
      ...step,
      ...(next && { reply: next }),
    })
  })
  return { channels, subscriptions }
}
