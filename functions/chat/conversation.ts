/** Conversations of one user: begun, listed, deleted. */
import type { Conversation } from '../../shared/contracts/chat.ts'
import { AppError } from '../../shared/errors.ts'
import type { ChatDeps } from './settings.ts'

interface Row {
  id: string
  title: string
  created_at: Date
  updated_at: Date
}

/** Begins a conversation; without a title, its first question gives one. */
export async function create(
  { sql }: ChatDeps,
  userId: string,
  title: string,
): Promise<Conversation> {
  const [row] = await sql<Row[]>`
    insert into chat.conversations (user_id, title) values (${userId}, ${title.trim()})
    returning id, title, created_at, updated_at`
  if (!row) throw new TypeError('an inserted row was not returned')
  return toConversation(row)
}

/** Last used first. */
export async function list(
  { sql }: ChatDeps,
  userId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ conversations: Conversation[]; next_cursor: string | null }> {
  const after = cursor === undefined ? undefined : parseCursor(cursor)
  const rows = await sql<Row[]>`
    select id, title, created_at, updated_at from chat.conversations
    where user_id = ${userId}
      ${after ? sql`and (updated_at, id) < (${after.updatedAt}, ${after.id})` : sql``}
    order by updated_at desc, id desc
    limit ${limit + 1}`
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return {
    conversations: page.map(toConversation),
    next_cursor: last ? `${last.updated_at.getTime()}_${last.id}` : null,
  }
}

/**
 * Deletes a conversation with its messages; what was learned from them stays in `memory`.
 * @throws {@link AppError} `not_found`, also for another user's conversation
 */
export async function remove({ sql }: ChatDeps, userId: string, id: string): Promise<undefined> {
  const { count } = await sql`
    delete from chat.conversations where id = ${id} and user_id = ${userId}`
  if (count === 0) throw notFound()
}

/** The same answer for a conversation that is not there and for one that is another's. */
export const notFound = (): AppError =>
  new AppError('not_found', 'you have no conversation with this id')

const CURSOR = /^(\d{1,15})_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

function parseCursor(cursor: string): { updatedAt: Date; id: string } {
  const [, ms, id] = CURSOR.exec(cursor) ?? []
  if (!ms || !id) {
    throw new AppError('validation_failed', '"cursor" must be a next_cursor of this list')
  }
  return { updatedAt: new Date(Number(ms)), id }
}

const toConversation = ({ id, title, created_at, updated_at }: Row): Conversation => ({
  id,
  title,
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
})
