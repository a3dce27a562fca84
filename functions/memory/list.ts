/** Reads memories one page or one at a time. */
import type { ListInput, ListResult, Memory } from '../../shared/contracts/memory.ts'
import { AppError } from '../../shared/errors.ts'
import { MEMORY_COLUMNS, type MemoryRow, toMemory } from './row.ts'
import type { MemoryDeps } from './settings.ts'

/** Newest first; a page that another memory is added before stays where it was. */
export async function list(
  { sql }: MemoryDeps,
  userId: string,
  { limit, cursor, include_superseded }: ListInput,
): Promise<ListResult> {
  const after = cursor === undefined ? undefined : parseCursor(cursor)
  const rows = await sql<MemoryRow[]>`
    select ${sql(MEMORY_COLUMNS)} from memory.memories
    where user_id = ${userId} and forgotten_at is null
      ${include_superseded ? sql`` : sql`and retired_at is null`}
      ${after ? sql`and (recorded_at, id) < (${after.recordedAt}, ${after.id})` : sql``}
    order by recorded_at desc, id desc
    limit ${limit + 1}`
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return { memories: page.map(toMemory), next_cursor: last ? toCursor(last) : null }
}

/** @throws {@link AppError} `not_found`, also for another user's memory */
export async function get({ sql }: MemoryDeps, userId: string, id: string): Promise<Memory> {
  const [row] = await sql<MemoryRow[]>`
    select ${sql(MEMORY_COLUMNS)} from memory.memories
    where id = ${id} and user_id = ${userId} and forgotten_at is null`
  if (!row) throw new AppError('not_found', 'you have no memory with this id')
  return toMemory(row)
}

const CURSOR = /^(\d{1,15})_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

const toCursor = ({ recorded_at, id }: MemoryRow): string => `${recorded_at.getTime()}_${id}`

function parseCursor(cursor: string): { recordedAt: Date; id: string } {
  const [, ms, id] = CURSOR.exec(cursor) ?? []
  if (!ms || !id) {
    throw new AppError('validation_failed', '"cursor" must be a next_cursor of this list')
  }
  return { recordedAt: new Date(Number(ms)), id }
}
