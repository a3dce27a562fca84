/** How a function states its HTTP API and its events, once: it validates, callers are typed, OpenAPI is made from it. */
import { config, type ZodMiniType } from 'zod/mini'

// A cold start uses each schema once, and compiling one with `new Function` costs it a millisecond: interpret them.
config({ jitless: true })

/** A schema whose parsed value is a `T`. Made in thunks, so that a cold start builds only those it needs. */
export type Schema<T> = ZodMiniType<T>

/** The methods our APIs speak. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One operation of a function. Path parameters, query and JSON body are one flat input. */
export interface Operation<In, Out> {
  /** The function that answers it. */
  readonly service: string
  /** The name in the permission matrix, e.g. `analyze-alert`. */
  readonly name: string
  readonly method: Method
  /** Hono's path pattern; its `:name` parameters are fields of the input. */
  readonly path: string
  readonly summary: string
  /** GET and DELETE read fields from the query string, where all values are text: coerce numbers and booleans. */
  readonly input: () => Schema<In>
  /** `null` for a stream or an answer without a body. */
  readonly output: (() => Schema<Out>) | null
  /** The status of success, 200 unless said. */
  readonly status?: number
  /** What a user must hold; `public` asks for no user at all. */
  readonly permission: string
  /** The functions that may call it; people come through `gateway`. */
  readonly callers: readonly string[]
  /** The gateway calls it for itself: people have no route to it. */
  readonly internal?: boolean
  /** Largest request body in bytes, 1 MiB unless said. */
  readonly maxBytes?: number
  /** Answers with `text/event-stream` (or another stream) instead of JSON. */
  readonly stream?: boolean
}

/** An event type of the catalogue and the shape of its data. */
export interface EventType<Data> {
  /** `dev.aiwfe.<area>.<noun>.<verb>.v1` */
  readonly type: string
  /** `/<function>` that emits it. */
  readonly source: string
  readonly summary: string
  readonly data: () => Schema<Data>
}

/** Everything that a function offers. */
export interface Contract {
  readonly service: string
  // biome-ignore lint/suspicious/noExplicitAny: a list of operations of unlike shapes has no common type but this
  readonly operations: readonly Operation<any, any>[]
  // biome-ignore lint/suspicious/noExplicitAny: as above, for events
  readonly events: readonly EventType<any>[]
}

/** The default of `Operation.maxBytes`. */
export const MAX_BODY_BYTES: number = 1024 * 1024
