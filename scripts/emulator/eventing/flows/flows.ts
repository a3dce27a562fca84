/** Keeps Sequences and Parallels: makes their channels and subscriptions, and tells how those stand. */
import { toOwnerReference } from '../../control/object.ts'
import type { ParallelResource, SequenceResource } from '../../manifests/eventing-types.ts'
import type { ChannelResource, SubscriptionResource } from '../../manifests/types.ts'
import { type Controller, createController, type Surroundings } from '../controller.ts'
import { createShelf, type Held } from '../shelf.ts'
import { expandParallel } from './parallel.ts'
import type { Flow, FlowParts } from './parts.ts'
import { expandSequence } from './sequence.ts'
import { markParallel, markSequence, type Sight } from './status.ts'

/** Where the parts of flows live. */
export interface FlowHost {
  apply(resource: ChannelResource | SubscriptionResource): void
  remove(kind: ChannelResource['kind'] | 'Subscription', namespace: string, name: string): void
}

const GROUP = 'flows.knative.dev'
/** `ChannelsReady` and the rest decide over both kinds alike. */
const DEPENDENTS = ['ChannelsReady', 'SubscriptionsReady', 'Addressable', 'EventPoliciesReady']

/** The controller of Sequences. */
export function createSequences(
  around: Surroundings,
  host: FlowHost,
): Controller<SequenceResource> {
  return createFlows<SequenceResource>(around, host, {
    expand: expandSequence,
    mark: markSequence,
  })
}

/** The controller of Parallels. */
export function createParallels(
  around: Surroundings,
  host: FlowHost,
): Controller<ParallelResource> {
  return createFlows<ParallelResource>(around, host, {
    expand: expandParallel,
    mark: markParallel,
  })
}

function createFlows<F extends Flow>(
  around: Surroundings,
  host: FlowHost,
  {
    expand,
    mark: markFlow,
  }: {
    expand: (flow: F, owner: ReturnType<typeof toOwnerReference>) => FlowParts
    mark: (held: Held<F>, parts: FlowParts, sight: Sight) => void
  },
): Controller<F> {
  const shelf = createShelf<F, FlowParts>({
    clock: around.clock,
    apiVersion: `${GROUP}/v1`,
    dependents: DEPENDENTS,
  })

  function build(held: Held<F, FlowParts>): void {
    const before = held.own
    const parts = expand(held.resource, toOwnerReference(held.object()))
    held.own = parts
    for (const part of [...parts.channels, ...parts.subscriptions]) host.apply(part)
    if (before) discard(before, parts)
  }

  function mark(held: Held<F, FlowParts>): void {
    if (!held.own) return
    markFlow(held, held.own, { world: around.world(), toAddress: around.address })
    const { kind, namespace, name } = held.resource
    const { why, status } = around.policies({ group: GROUP, kind, namespace, name })
    held.conditions.set('EventPoliciesReady', 'True', why)
    held.status = { ...held.status, ...status }
  }

  /** Removes what is not among `kept`; subscriptions first, so that none stands without its channel. */
  function discard(parts: FlowParts, kept?: FlowParts): void {
    const names = new Set([...(kept?.channels ?? []), ...(kept?.subscriptions ?? [])].map(nameOf))
    for (const part of [...parts.subscriptions, ...parts.channels]) {
      if (!names.has(nameOf(part))) host.remove(part.kind, part.namespace, part.name)
    }
  }

  return createController(shelf, around, {
    applied: build,
    mark,
    gone: ({ own }) => own && discard(own),
  })
}

const nameOf = ({ kind, name }: ChannelResource | SubscriptionResource): string => `${kind}/${name}`
