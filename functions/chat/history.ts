/** The finished turns before a question. */
import type { PastMessage } from './prompt.ts'
import type { ChatDeps } from './settings.ts'
import type { OpenTurn } from './turn.ts'

/** More messages than any prompt has room for. */
const MAX_MESSAGES = 100

/** Oldest first; questions that got no answer are left out with it. */
export async function historyOf(
  { sql }: ChatDeps,
  { conversationId, user }: OpenTurn,
): Promise<PastMessage[]> {
  const rows = await sql<PastMessage[]>`
    select role, content from chat.messages message
    where conversation_id = ${conversationId} and position < ${user.position}
      and status = 'complete'
      and (role = 'assistant' or exists (
        select 1 from chat.messages answer
        where answer.reply_to = message.id and answer.status = 'complete'))
    order by position desc
    limit ${MAX_MESSAGES}`
  return rows.toReversed()
}
