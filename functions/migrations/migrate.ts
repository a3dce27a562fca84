/** Carries migrations out: each in one transaction with its line in the ledger, one runner at a time. */
import type { Sql, Transaction } from '../../shared/clients/sql.ts'
import type { DownInput, MigrationStep, UpInput } from '../../shared/contracts/migrations.ts'
import { AppError } from '../../shared/errors.ts'
import { fileOf, type Migration } from './catalogue.ts'
import {
  isApplied,
  prepareLedger,
  readLedger,
  recordApplied,
  recordReverted,
  withLock,
} from './ledger.ts'
import { planDown, planUp } from './plan.ts'
import { lineAt, type Statement, splitStatements } from './statements.ts'

/**
 * Applies what is pending. What another runner applies meanwhile is left out of the answer.
 * @throws {@link AppError} `conflict` that names file and line; what came before it stays applied
 */
export async function migrateUp(
  sql: Sql,
  catalogue: readonly Migration[],
  { to, dry_run }: UpInput,
): Promise<MigrationStep[]> {
  const planned = planUp(catalogue, await readLedger(sql), to)
  if (dry_run) return planned.map(migration => toStep(migration, 0))
  await prepareLedger(sql)
  const steps: MigrationStep[] = []
  for (const migration of planned) {
    const step = await withLock(sql, async tx => {
      if (await isApplied(tx, migration)) return undefined
      const duration_ms = await execute(tx, migration, 'up')
      await recordApplied(tx, { ...migration, duration_ms })
      return toStep(migration, duration_ms)
    }).catch(toBusy)
    if (step) steps.push(step)
  }
  return steps
}

/**
 * Takes back what was applied, the latest first.
 * @throws {@link AppError} `conflict` that names file and line, or the file that is missing
 */
export async function migrateDown(
  sql: Sql,
  catalogue: readonly Migration[],
  { steps: count, to, dry_run }: DownInput,
): Promise<MigrationStep[]> {
  const planned = planDown(catalogue, await readLedger(sql), { steps: count, to })
  if (dry_run) return planned.map(migration => toStep(migration, 0))
  const steps: MigrationStep[] = []
  for (const migration of planned) {
    const step = await withLock(sql, async tx => {
      if (!(await isApplied(tx, migration))) return undefined
      const duration_ms = await execute(tx, migration, 'down')
      await recordReverted(tx, migration)
      return toStep(migration, duration_ms)
    }).catch(toBusy)
    if (step) steps.push(step)
  }
  return steps
}

const toStep = (
  { function: owner, version, name }: Migration,
  duration_ms: number,
): MigrationStep => ({ function: owner, version, name, duration_ms })

/** Runs the statements one by one; the time that they took, in whole milliseconds. */
async function execute(
  tx: Transaction,
  migration: Migration,
  direction: 'up' | 'down',
): Promise<number> {
  const begun = performance.now()
  for (const statement of splitStatements(migration[direction] ?? '')) {
    try {
      await tx.unsafe(statement.text)
    } catch (error) {
      throw toSqlError(error, statement, fileOf(migration, direction))
    }
  }
  return Math.round(performance.now() - begun)
}

/** What PostgreSQL reports; `position` counts characters from 1, and is there for errors of parsing only. */
interface PostgresFault {
  code?: string
  message?: string
  position?: string
}

/** PostgreSQL's codes are five characters; anything else is the connection's, and another try may help. */
const SQLSTATE = /^[0-9A-Z]{5}$/
const LOCK_NOT_AVAILABLE = '55P03'

function toSqlError(error: unknown, { text, line }: Statement, file: string): unknown {
  const { code = '', message, position } = error as PostgresFault
  if (!SQLSTATE.test(code)) return error
  const at = line + (position ? lineAt(text, Number(position) - 1) - 1 : 0)
  if (code === LOCK_NOT_AVAILABLE) {
    return new AppError('busy', `${file}:${at}: a table is in use, try again`, { cause: error })
  }
  return new AppError('conflict', `${file}:${at}: ${message}`, {
    cause: error,
    details: { file, line: at, sqlstate: code },
  })
}

function toBusy(error: unknown): never {
  if ((error as PostgresFault).code !== LOCK_NOT_AVAILABLE) throw error
  throw new AppError('busy', 'another runner is migrating, try again', { cause: error })
}
