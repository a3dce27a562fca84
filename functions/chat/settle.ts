/** Ends a turn: its lease is held while the answer is written, and one transaction completes or fails it. */
import type { Transaction } from '../../shared/clients/sql.ts'
import { type MemoryUsed, type Turn, turnCompleted } from '../../shared/contracts/chat.ts'
import { AppError } from '../../shared/errors.ts'
import { enqueue } from '../../shared/outbox.ts'
import { createEvent } from '../../shared/publish.ts'
import { MESSAGE_COLUMNS, type MessageRow, toMessage } from './message.ts'
import type { ChatDeps } from './settings.ts'
import { leaseEnd, type OpenTurn } from './turn.ts'

/** What an answer has come to. */
export interface Answer {
  content: string
  memories: MemoryUsed[]
  model: string | null
}

const RENEW_MS = 10_000

/** Keeps the lease while `task` runs. */
export async function holdTurn<T>(
  { sql, log }: ChatDeps,
  { id, attempt }: OpenTurn,
  task: () => Promise<T>,
): Promise<T> {
  const renew = (): void => {
    sql`
      update chat.messages set leased_until = ${leaseEnd(sql)}
      where id = ${id} and attempt = ${attempt} and status = 'pending'`.catch(error =>
      log.warn('a lease could not be renewed', { error }),
    )
  }
  const timer = setInterval(renew, RENEW_MS)
  try {
    return await task()
  } finally {
    clearInterval(timer)
  }
}

/**
 * Commits the answer together with the event that tells of it.
 * @throws {@link AppError} `conflict` when another attempt has taken the turn over, `not_found` when it was deleted
 */
export async function completeTurn(
  { sql, clock, id: newId }: ChatDeps,
  turn: OpenTurn,
  answer: Answer,
): Promise<Turn> {
  const { userId, conversationId, user } = turn
  return sql.begin(async tx => {
    const assistant = await settle(tx, turn, answer, 'complete')
    if (!assistant) throw new AppError('conflict', 'the answer was taken over or deleted meanwhile')
    const data = {
      user_id: userId,
      conversation_id: conversationId,
      turn_id: turn.id,
      user_text: user.content,
      assistant_text: answer.content,
      occurred_at: user.created_at.toISOString(),
    }
    const event = createEvent(
      turnCompleted,
      data,
      { subject: conversationId, id: turn.id, partitionkey: userId },
      { now: clock.now(), newId },
    )
    await enqueue(tx, 'chat', event)
    await tx`
      update chat.conversations set updated_at = clock_timestamp() where id = ${conversationId}`
    return { user: toMessage(user), assistant: toMessage(assistant) }
  })
}

/** Keeps what there is of an answer that was cut; nobody learns from it, and the question can be asked again. */
export async function failTurn(
  { sql, log }: ChatDeps,
  turn: OpenTurn,
  answer: Answer,
): Promise<void> {
  try {
    await sql.begin(tx => settle(tx, turn, answer, 'failed'))
  } catch (error) {
    log.error('a failed answer could not be stored; its lease will run out', { error })
  }
}

async function settle(
  tx: Transaction,
  { id, attempt }: OpenTurn,
  { content, memories, model }: Answer,
  status: 'complete' | 'failed',
): Promise<MessageRow | undefined> {
  const [row] = await tx<MessageRow[]>`
    update chat.messages set content = ${content}, memories_used = ${tx.json(memories as never)},
      model = ${model}, status = ${status}, leased_until = null, created_at = clock_timestamp()
    where id = ${id} and attempt = ${attempt} and status = 'pending'
    returning ${tx(MESSAGE_COLUMNS)}`
  return row
}
