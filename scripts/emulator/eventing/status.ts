/** The brokers and triggers as the start screen and the API show them. */

import type { Dispatcher } from './dispatcher.ts'
import type { Ledger } from './ledger.ts'
import { keyOf, type Registry } from './registry.ts'
import { brokerUrl } from './resolve.ts'

/** A broker and the work that waits behind it. */
export interface BrokerStatus {
  readonly namespace: string
  readonly name: string
  /** The cluster URL. */
  readonly url: string
  /** Its path on this machine's broker host. */
  readonly localHost: string
  readonly pending: number
}

/** A trigger and the work that waits for its subscriber. */
export interface TriggerStatus {
  readonly namespace: string
  readonly name: string
  readonly broker: string
  readonly ready: boolean
  readonly reason?: string
  readonly subscriberUrl: string
  readonly deadLetterUrl?: string
  readonly retry: number
  readonly backoffPolicy?: string
  /** Accepted and not tried yet, or being tried for the first time. */
  readonly pending: number
  /** Tried at least once without success. */
  readonly retrying: number
  readonly running: number
}

/** The answer of `status()`. */
export interface EventingStatus {
  readonly brokers: readonly BrokerStatus[]
  readonly triggers: readonly TriggerStatus[]
}

/** Counts afresh at each call. */
export function createStatus(options: {
  registry: Registry
  ledger: Ledger
  dispatcher: Dispatcher
  domain: string
}): () => EventingStatus {
  const { registry, ledger, dispatcher, domain } = options
  return () => {
    const counts = new Map<string, number>()
    const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)
    for (const { record } of ledger.lives()) {
      count(`broker ${record.broker}`)
      for (const { trigger, state } of record.deliveries) count(`${state} ${trigger}`)
    }
    const brokers = registry.brokers().map(broker => ({
      namespace: broker.namespace,
      name: broker.name,
      url: brokerUrl(broker),
      localHost: `broker.${domain}`,
      pending: counts.get(`broker ${keyOf(broker)}`) ?? 0,
    }))
    const triggers = registry.triggers().map(({ key, broker, resource, url, policy }) => ({
      namespace: resource.namespace,
      name: resource.name,
      broker: resource.broker,
      ...readiness(registry, broker),
      subscriberUrl: url,
      deadLetterUrl: policy.deadLetterUrl,
      retry: policy.retry,
      backoffPolicy: policy.backoffPolicy,
      pending: counts.get(`pending ${key}`) ?? 0,
      retrying: counts.get(`retrying ${key}`) ?? 0,
      running: dispatcher.running(key),
    }))
    return { brokers, triggers }
  }
}

function readiness(registry: Registry, broker: string): { ready: boolean; reason?: string } {
  if (registry.broker(broker)) return { ready: true }
  return {
    ready: false,
    reason: `BrokerDoesNotExist: Broker "${broker.split('/')[1]}" does not exist`,
  }
}
