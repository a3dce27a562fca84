/** The record of what was applied, and the lock that lets one runner work at a time. */
import type { Sql, Transaction } from '../../shared/clients/sql.ts'

/** An applied migration. */
export interface Applied {
  function: string
  version: number
  name: string
  checksum: string
  applied_at: Date
}

/** Longer than any other runner's migration should take. */
const RUNNER_TIMEOUT = '60s'
/** A table that is in use is waited for this long: everybody else queues behind us meanwhile. */
const TABLE_TIMEOUT = '5s'

/**
 * Runs `task` in a transaction that no other runner shares. The lock belongs to the transaction, so it is let go by
 * its end, by a crash, and behind a pooler that hands connections round.
 */
export async function withLock<T>(sql: Sql, task: (tx: Transaction) => Promise<T>): Promise<T> {
  return (await sql.begin(async tx => {
    await tx`select set_config('lock_timeout', ${RUNNER_TIMEOUT}, true)`
    await tx`select pg_advisory_xact_lock(hashtextextended('aiwfe.migrations', 0))`
    await tx`select set_config('lock_timeout', ${TABLE_TIMEOUT}, true)`
    return task(tx)
  })) as T
}

/** Makes the ledger when it is missing. */
export async function prepareLedger(sql: Sql): Promise<void> {
  const [found] = await sql<{ is_there: boolean }[]>`
    select to_regclass('migrations.applied') is not null as is_there`
  if (found?.is_there) return
  await withLock(sql, async tx => {
    await tx`create schema if not exists migrations`
    await tx`
      create table if not exists migrations.applied (
        position bigint generated always as identity unique,
        function text not null,
        version integer not null,
        name text not null,
        checksum text not null,
        applied_at timestamptz not null default clock_timestamp(),
        duration_ms integer not null,
        primary key (function, version)
      )`
  })
}

/** Everything that is applied, in the order in which it was; nothing when there is no ledger yet. */
export async function readLedger(sql: Sql | Transaction): Promise<Applied[]> {
  const [found] = await sql<{ is_there: boolean }[]>`
    select to_regclass('migrations.applied') is not null as is_there`
  if (!found?.is_there) return []
  return sql<Applied[]>`
    select function, version, name, checksum, applied_at
    from migrations.applied order by position`
}

/** Whether this migration is applied, as the holder of the lock sees it. */
export async function isApplied(
  tx: Transaction,
  { function: owner, version }: { function: string; version: number },
): Promise<boolean> {
  const { count } = await tx`
    select 1 from migrations.applied where function = ${owner} and version = ${version}`
  return count > 0
}

/** Records an applied migration. */
export async function recordApplied(
  tx: Transaction,
  step: Omit<Applied, 'applied_at'> & { duration_ms: number },
): Promise<void> {
  await tx`
    insert into migrations.applied (function, version, name, checksum, duration_ms)
    values (${step.function}, ${step.version}, ${step.name}, ${step.checksum}, ${step.duration_ms})`
}

/** Forgets a migration that was taken back. */
export async function recordReverted(
  tx: Transaction,
  { function: owner, version }: { function: string; version: number },
): Promise<void> {
  await tx`delete from migrations.applied where function = ${owner} and version = ${version}`
}
