/** What a function is: its name, its settings, its routes and the events that it handles. */

import type { Settings } from './config.ts'
import type { Contract, EventType, Schema } from './contract.ts'
import type { CommonConfig, Deps } from './deps.ts'
import type { CloudEvent } from './event.ts'
import type { App } from './route.ts'

/** A function of the platform. `C` is its own configuration, beside {@link CommonConfig}. */
export interface FunctionDefinition<C extends object = object> {
  /** Folder, Service name, contract name. */
  readonly name: string
  readonly config: Settings<C>
  /** What it offers; OpenAPI and the event catalogue are made from it. */
  readonly contract: Contract
  /** Adds the routes of its HTTP API. */
  readonly routes?: (app: App, deps: Deps<C>) => void
  /** One entry for each event type that a Trigger sends here. */
  readonly events?: readonly EventHandler<C>[]
  /** Components beyond the configured stores that `/health` reports, e.g. `external-llm`. */
  readonly checks?: Readonly<Record<string, (deps: Deps<C>, signal: AbortSignal) => Promise<void>>>
  /** The schema whose `outbox` holds its events, see `shared/outbox.ts`. */
  readonly outbox?: string
}

/** Handles one event type. */
export interface EventHandler<C extends object = object> {
  readonly type: string
  readonly data: () => Schema<unknown>
  /**
   * Must be idempotent: an event comes at least once, in any order. Resolving acknowledges it, after everything that
   * it leads to is committed and published. A returned event goes back to the broker as the reply.
   */
  readonly handle: (event: CloudEvent, deps: Deps<C>) => Promise<CloudEvent | undefined>
}

/** Declares a function; see `functions/<name>/index.ts`. */
export function defineFunction<C extends object>(
  definition: FunctionDefinition<C>,
): FunctionDefinition<C> {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(definition.name)) {
    throw new TypeError(`"name" must be a DNS-1035 label, got ${JSON.stringify(definition.name)}`)
  }
  return Object.freeze(definition)
}

/** Ties a handler to an event type of the catalogue; `data` is parsed before it is called. */
export function on<Data, C extends object>(
  eventType: EventType<Data>,
  handle: (
    event: CloudEvent<Data>,
    deps: Deps<C>,
  ) => Promise<CloudEvent | undefined> | Promise<void>,
): EventHandler<C> {
  return {
    type: eventType.type,
    data: eventType.data,
    handle: async (event, deps) => (await handle(event as CloudEvent<Data>, deps)) ?? undefined,
  }
}

/** Every function reads these beside its own settings. */
export type FullConfig<C extends object> = Readonly<C & CommonConfig>
