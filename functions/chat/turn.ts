/** A turn: a question and its answer, begun once and leased while it is answered. */
import type { Sql, Transaction } from '../../shared/clients/sql.ts'
import type { SendInput, Turn } from '../../shared/contracts/chat.ts'
import { AppError } from '../../shared/errors.ts'
import { notFound } from './conversation.ts'
import { MESSAGE_COLUMNS, type MessageRow, toMessage } from './message.ts'
import type { ChatDeps } from './settings.ts'
import { toTitle } from './title.ts'

/** A turn whose answer this process may write. */
export interface OpenTurn {
  userId: string
  conversationId: string
  user: MessageRow
  /** Id of the answer and of the turn. */
  id: string
  attempt: number
}

/** How far a turn has come when a question arrives: to be answered, or answered before. */
export type Begun = { open: OpenTurn; done?: never } | { done: Turn; open?: never }

/** A writer that is gone for this long has lost its turn. */
const LEASE_SECONDS = 30

interface AnswerRow extends MessageRow {
  attempt: number
  leased: boolean
}

/**
 * Stores the question and takes the lease on its answer. With an idempotency key that was used before, goes on with
 * that turn: replays a complete one, takes up one that failed or whose writer died.
 * @throws {@link AppError} `not_found`; `busy` while it is being answered; `conflict` when the key asked something else
 */
export async function beginTurn(
  { sql }: ChatDeps,
  userId: string,
  { conversation_id: conversationId, content, idempotency_key: key }: SendInput,
): Promise<Begun> {
  return sql.begin(async (tx): Promise<Begun> => {
    const [conversation] = await tx`
      update chat.conversations set updated_at = clock_timestamp(),
        title = case when title = '' then ${toTitle(content)} else title end
      where id = ${conversationId} and user_id = ${userId}
      returning id`
    if (!conversation) throw notFound()
    const known = key === undefined ? undefined : await findQuestion(tx, conversationId, key)
    if (known) return resume(tx, { userId, conversationId, user: known }, content)
    const [user] = await tx<MessageRow[]>`
      insert into chat.messages (conversation_id, role, content, status, idempotency_key)
      values (${conversationId}, 'user', ${content}, 'complete', ${key ?? null})
      returning ${tx(MESSAGE_COLUMNS)}`
    if (!user) throw new TypeError('an inserted row was not returned')
    const [made] = await tx<{ id: string }[]>`
      insert into chat.messages (conversation_id, role, content, status, reply_to, leased_until)
      values (${conversationId}, 'assistant', '', 'pending', ${user.id}, ${leaseEnd(tx)})
      returning id`
    if (!made) throw new TypeError('an inserted row was not returned')
    return { open: { userId, conversationId, user, id: made.id, attempt: 1 } }
  })
}

async function findQuestion(
  tx: Transaction,
  conversationId: string,
  key: string,
): Promise<MessageRow | undefined> {
  const [question] = await tx<MessageRow[]>`
    select ${tx(MESSAGE_COLUMNS)} from chat.messages
    where conversation_id = ${conversationId} and idempotency_key = ${key}`
  return question
}

async function resume(
  tx: Transaction,
  turn: Omit<OpenTurn, 'id' | 'attempt'>,
  content: string,
): Promise<Begun> {
  const { user } = turn
  if (user.content !== content) {
    throw new AppError('conflict', '"idempotency_key" was used for another question')
  }
  const [answer] = await tx<AnswerRow[]>`
    select ${tx(MESSAGE_COLUMNS)}, attempt,
      status = 'pending' and leased_until > clock_timestamp() as leased
    from chat.messages where reply_to = ${user.id}
    for update`
  if (!answer) throw new TypeError('a question has no answer row')
  if (answer.status === 'complete') {
    return { done: { user: toMessage(user), assistant: toMessage(answer) } }
  }
  if (answer.leased) {
    throw new AppError('busy', 'this question is being answered', { retryAfterSeconds: 2 })
  }
  const attempt = answer.attempt + 1
  await tx`
    update chat.messages set status = 'pending', content = '', memories_used = '[]', model = null,
      attempt = ${attempt}, leased_until = ${leaseEnd(tx)}
    where id = ${answer.id}`
  return { open: { ...turn, id: answer.id, attempt } }
}

/** By the database's clock, which all instances share. */
export function leaseEnd(sql: Transaction | Sql): ReturnType<Sql> {
  return sql`clock_timestamp() + ${`${LEASE_SECONDS} seconds`}::interval`
}
