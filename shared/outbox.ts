/** The outbox: events committed with the change that they tell of, published before the caller is answered. */
import type { Sql, Transaction } from './clients/sql.ts'
import { AppError } from './errors.ts'
import type { CloudEvent } from './event.ts'
import type { Logger } from './log.ts'
import type { Publish } from './publish.ts'

/** What {@link flushOutbox} works with; `Deps` has it all. */
export interface OutboxDeps {
  sql: Sql
  publish: Publish
  log: Logger
}

interface Row {
  id: string
  event: CloudEvent
  created_at: Date
  attempts: number
  /** What this claim wrote, to the microsecond: who finds another value has lost the row. */
  claim: string
}

/** How many overdue events one request takes along. */
const BATCH = 20
/** An instance that dies while it publishes gives its events back after this; no transaction is held meanwhile. */
const CLAIM_SECONDS = 15
/** A claim older than this is renewed before its row is published, which may take {@link CLAIM_SECONDS} minus this. */
const RENEW_MS = 5_000

/**
 * Writes `event` into `<schema>.outbox` within `tx`. The table is made by the function's own migration:
 * `outbox (id text primary key, event jsonb not null, created_at timestamptz not null default clock_timestamp(),
 * claimed_until timestamptz, attempts integer not null default 0)`.
 */
export async function enqueue(tx: Transaction, schema: string, event: CloudEvent): Promise<void> {
  await tx`
    insert into ${tx(schema)}.outbox (id, event)
    values (${event.id}, ${tx.json(event as never)})
    on conflict (id) do nothing`
}

/**
 * Publishes what `<schema>.outbox` holds and removes what the broker has taken: oldest first, those that the broker
 * has refused before come last. Call it after the commit and before the answer; rows that another instance has claimed
 * are skipped.
 * @returns how many events were published
 * @throws {@link AppError} of the first event that was not taken; it stays for the next call. A broker that cannot be
 * reached ends the call, a refused event lets the next one pass
 */
export async function flushOutbox({ sql, publish }: OutboxDeps, schema: string): Promise<number> {
  const table = sql(`${schema}.outbox`)
  const until = sql`clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS})`
  const rows = await sql<Row[]>`
    update ${table} set claimed_until = ${until}
    where id in (
      select id from ${table}
      where claimed_until is null or claimed_until < clock_timestamp()
      order by attempts, created_at
      limit ${BATCH}
      for update skip locked)
    returning id, event, created_at, attempts, claimed_until::text as claim`
  const claimedAt = performance.now()
  const waiting = rows.toSorted(byTurn)
  const failures: unknown[] = []
  let published = 0
  for (let row = waiting.shift(); row; row = waiting.shift()) {
    if (performance.now() - claimedAt > RENEW_MS) {
      const [renewed] = await sql<Pick<Row, 'claim'>[]>`
        update ${table} set claimed_until = ${until} where ${held(row)}
        returning claimed_until::text as claim`
      if (!renewed) continue
      row.claim = renewed.claim
    }
    try {
      await publish(row.event)
    } catch (error) {
      failures.push(error)
      if (isAway(error)) {
        for (const mine of [row, ...waiting]) {
          await sql`update ${table} set claimed_until = null where ${held(mine)}`
        }
        break
      }
      await sql`
        update ${table} set claimed_until = null, attempts = attempts + 1 where ${held(row)}`
      continue
    }
    await sql`delete from ${table} where ${held(row)}`
    published += 1
  }
  if (failures.length > 0) throw failures[0]
  return published

  function held({ id, claim }: Row): ReturnType<Sql> {
    return sql`id = ${id} and claimed_until = ${claim}::text::timestamptz`
  }
}

/** The same where the answer does not depend on it: a failure is logged, and tried again in the background. */
export async function tryFlushOutbox(
  deps: OutboxDeps & { readonly retryOutbox: () => void },
  schema: string,
): Promise<void> {
  try {
    await flushOutbox(deps, schema)
  } catch (error) {
    deps.log.warn('events wait in the outbox for the broker', { error })
    deps.retryOutbox()
  }
}

/** `returning` keeps no order. */
const byTurn = (one: Row, other: Row): number =>
  one.attempts - other.attempts || one.created_at.getTime() - other.created_at.getTime()

/** Says that the broker itself was not there; any other failure is the event's own. */
const isAway = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'dependency_unavailable'
