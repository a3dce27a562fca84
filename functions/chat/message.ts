/** Messages of a conversation as callers see them. */
import type { ChatMessage, MemoryUsed } from '../../shared/contracts/chat.ts'
import { AppError } from '../../shared/errors.ts'
import { notFound } from './conversation.ts'
import type { ChatDeps } from './settings.ts'

/** A row of `chat.messages`; select it with {@link MESSAGE_COLUMNS}. */
export interface MessageRow {
  id: string
  role: 'user' | 'assistant'
  content: string
  created_at: Date
  memories_used: MemoryUsed[]
  model: string | null
  status: 'pending' | 'complete' | 'failed'
  position: string
}

/** Columns of {@link MessageRow}. */
export const MESSAGE_COLUMNS: readonly (keyof MessageRow)[] = [
  'id',
  'role',
  'content',
  'created_at',
  'memories_used',
  'model',
  'status',
  'position',
]

/** An answer whose writer died is `failed`: whoever shows it can ask again with the same key. */
export function toMessage(row: MessageRow): ChatMessage {
  return {
    id: row.id,
    role: row.role,
    content: row.content,
    created_at: row.created_at.toISOString(),
    memories_used: row.memories_used,
    model: row.model,
    status: row.status === 'complete' ? 'complete' : 'failed',
  }
}

/** Oldest first, without the answer that is being written right now. */
export async function messagesOf(
  { sql }: ChatDeps,
  userId: string,
  {
    conversation_id: id,
    limit,
    cursor,
  }: { conversation_id: string; limit: number; cursor?: string | undefined },
): Promise<{ messages: ChatMessage[]; next_cursor: string | null }> {
  if (cursor !== undefined && !/^\d{1,18}$/.test(cursor)) {
    throw new AppError('validation_failed', '"cursor" must be a next_cursor of this list')
  }
  const [conversation] = await sql`
    select 1 from chat.conversations where id = ${id} and user_id = ${userId}`
  if (!conversation) throw notFound()
  const rows = await sql<MessageRow[]>`
    select ${sql(MESSAGE_COLUMNS)} from chat.messages
    where conversation_id = ${id} and position > ${cursor ?? '0'}
      and not (status = 'pending' and leased_until > clock_timestamp())
    order by position
    limit ${limit + 1}`
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return { messages: page.map(toMessage), next_cursor: last?.position ?? null }
}
