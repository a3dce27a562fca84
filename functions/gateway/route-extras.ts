/** What the gateway knows about an operation beyond its contract; an operation without an entry needs nothing. */

/** Deviations from a route's defaults. */
export interface RouteExtras {
  /** Milliseconds until the answer must have begun, 25 s unless said. */
  timeoutMs?: number
  /** `false` when the function counts by itself. */
  limited?: boolean
  clientFacts?: boolean
  stale?: boolean
  /** Other paths of the same operation, without parameters. */
  aliases?: readonly string[]
}

/** A model may have to be loaded first, and a CPU is slow to think. */
const MODEL: RouteExtras = { timeoutMs: 120_000 }

/** By `<service>.<operation>`. */
export const ROUTE_EXTRAS: Readonly<Record<string, RouteExtras>> = {
  'auth.login': { limited: false, clientFacts: true, aliases: ['/api/v1/auth/login'] },
  'auth.register': { clientFacts: true },
  'auth.logout': { stale: true },
  'chat.send': MODEL,
  'chat.send-stream': MODEL,
  'inference.chat': MODEL,
  'inference.chat-stream': MODEL,
  'inference.generate': MODEL,
  'inference.embed': MODEL,
  'migrations.up': { timeoutMs: 120_000 },
  'migrations.down': { timeoutMs: 120_000 },
  'reasoning.decide': MODEL,
  'reasoning.analyze-alert': { ...MODEL, aliases: ['/analyze-alert'] },
}
