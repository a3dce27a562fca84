/** The HTTP API of `chat`: one handler for each operation of its contract. */
import {
  createConversation,
  deleteConversation,
  listConversations,
  listMessages,
  send,
  sendStream,
} from '../../shared/contracts/chat.ts'
import { type App, route } from '../../shared/route.ts'
import { answer, answerStream } from './answer.ts'
import { create, list, remove } from './conversation.ts'
import { messagesOf } from './message.ts'
import type { ChatDeps } from './settings.ts'

/** Every operation works on the conversations of the caller alone. */
export function chatRoutes(app: App, deps: ChatDeps): void {
  route(app, createConversation, ({ title }, { principal }) => create(deps, principal.sub, title))
  route(app, listConversations, (input, { principal }) => list(deps, principal.sub, input))
  route(app, listMessages, (input, { principal }) => messagesOf(deps, principal.sub, input))
  route(app, deleteConversation, (input, { principal }) =>
    remove(deps, principal.sub, input.conversation_id),
  )
  route(app, send, (input, { principal, signal }) => answer(deps, input, { principal, signal }))
  route(app, sendStream, (input, { principal, signal }) =>
    answerStream(deps, input, { principal, signal }),
  )
}
