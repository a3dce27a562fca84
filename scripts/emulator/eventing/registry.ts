/** The brokers and triggers in force, with their destinations resolved. */

import type { BrokerResource, TriggerResource } from '../manifests/types.ts'
import { findCesql } from './filters.ts'
import { resolve } from './resolve.ts'
import { type DeliveryPolicy, deliveryPolicy } from './retries.ts'

/** A trigger ready for work. */
export interface RegisteredTrigger {
  /** `<namespace>/<name>`. */
  readonly key: string
  /** `<namespace>/<name>` of its broker, which may not exist yet. */
  readonly broker: string
  readonly resource: TriggerResource
  readonly url: string
  readonly policy: DeliveryPolicy
}

/** Looked up for each event, changed by each apply. */
export interface Registry {
  /** Adds or replaces; throws a TypeError that says what is wrong with the resource, and changes nothing then. */
  apply(resource: TriggerResource | BrokerResource): void
  broker(key: string): BrokerResource | undefined
  brokers(): BrokerResource[]
  trigger(key: string): RegisteredTrigger | undefined
  triggers(broker?: string): readonly RegisteredTrigger[]
}

/** `<namespace>/<name>`, by which brokers and triggers are known. */
export function keyOf(resource: { namespace: string; name: string }): string {
  return `${resource.namespace}/${resource.name}`
}

/** A registry that holds nothing yet. */
export function createRegistry(): Registry {
  const brokers = new Map<string, BrokerResource>()
  const triggers = new Map<string, RegisteredTrigger>()
  const byBroker = new Map<string, RegisteredTrigger[]>()

  function applyTrigger(resource: TriggerResource): void {
    const cesql = findCesql(resource.filters)
    if (cesql !== undefined)
      throw new TypeError(`cesql filters are not supported yet, got ${JSON.stringify(cesql)}`)
    const broker = `${resource.namespace}/${resource.broker}`
    const key = keyOf(resource)
    const url = resolve(resource.subscriber)
    triggers.set(key, {
      key,
      broker,
      resource,
      url,
      policy: deliveryPolicy(resource, brokers.get(broker)),
    })
  }

  function applyBroker(resource: BrokerResource): void {
    const key = keyOf(resource)
    const changed = [...triggers.values()]
      .filter(trigger => trigger.broker === key)
      .map(trigger => ({ ...trigger, policy: deliveryPolicy(trigger.resource, resource) }))
    deliveryPolicy({}, resource)
    brokers.set(key, resource)
    for (const trigger of changed) triggers.set(trigger.key, trigger)
  }

  return {
    apply(resource) {
      try {
        if ('subscriber' in resource) applyTrigger(resource)
        else applyBroker(resource)
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        const kind = 'subscriber' in resource ? 'trigger' : 'broker'
        throw new TypeError(
          `${resource.file}:${resource.line}: ${kind} ${keyOf(resource)}: ${message}`,
        )
      }
      byBroker.clear()
    },
    broker: key => brokers.get(key),
    brokers: () => [...brokers.values()],
    trigger: key => triggers.get(key),
    triggers(broker) {
      if (broker === undefined) return [...triggers.values()]
      const known = byBroker.get(broker)
      if (known) return known
      const found = [...triggers.values()].filter(trigger => trigger.broker === broker)
      byBroker.set(broker, found)
      return found
    },
  }
}
