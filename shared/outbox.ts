/** The outbox: events committed with the change that they tell of, published before the caller is answered. */
import type { Sql, Transaction } from './clients/sql.ts'
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
}

/** How many overdue events one request takes along. */
const BATCH = 20
/** An instance that dies while it publishes gives its events back after this; no transaction is held meanwhile. */
const CLAIM_SECONDS = 15

/**
 * Writes `event` into `<schema>.outbox` within `tx`. The table is made by the function's own migration:
 * `outbox (id text primary key, event jsonb not null, created_at timestamptz not null default clock_timestamp(),
 * claimed_until timestamptz)`.
 */
export async function enqueue(tx: Transaction, schema: string, event: CloudEvent): Promise<void> {
  await tx`
    insert into ${tx(schema)}.outbox (id, event)
    values (${event.id}, ${tx.json(event as never)})
    on conflict (id) do nothing`
}

/**
 * Publishes what `<schema>.outbox` holds, oldest first, and removes what the broker has taken. Call it after the commit
 * and before the answer; rows that another instance has claimed are skipped.
 * @returns how many events were published
 * @throws {@link AppError} `dependency_unavailable` when the broker refuses; the rows stay for the next call
 */
export async function flushOutbox({ sql, publish }: OutboxDeps, schema: string): Promise<number> {
  const table = sql(`${schema}.outbox`)
  const rows = await sql<Row[]>`
    update ${table} set claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS})
    where id in (
      select id from ${table}
      where claimed_until is null or claimed_until < clock_timestamp()
      order by created_at
      limit ${BATCH}
      for update skip locked)
    returning id, event, created_at`
  for (const { id, event } of rows.toSorted(byCreation)) {
    try {
      await publish(event)
    } catch (error) {
      await sql`update ${table} set claimed_until = null where id in ${sql(rows.map(row => row.id))}`
      throw error
    }
    await sql`delete from ${table} where id = ${id}`
  }
  return rows.length
}

/** The same where the answer does not depend on it: a failure is logged, and the next request tries again. */
export async function tryFlushOutbox(deps: OutboxDeps, schema: string): Promise<void> {
  try {
    await flushOutbox(deps, schema)
  } catch (error) {
    deps.log.warn('events wait in the outbox for the broker', { error })
  }
}

/** `returning` keeps no order. */
const byCreation = (one: Row, other: Row): number =>
  one.created_at.getTime() - other.created_at.getTime()
