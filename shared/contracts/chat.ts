/** The contract of `chat`: conversations that remember. */
import * as z from 'zod/mini'
import type { Contract, EventType, Operation } from '../contract.ts'
import { plainText } from '../text.ts'

/** A conversation of one user. Times are RFC 3339. */
export interface Conversation {
  id: string
  title: string
  created_at: string
  updated_at: string
}

/** A memory that was given to the model, so that a user can see and correct it. */
export interface MemoryUsed {
  id: string
  text: string
  score: number
}

/** One message of a conversation. */
export interface ChatMessage {
  id: string
  role: 'user' | 'assistant'
  content: string
  created_at: string
  /** For answers: what was recalled, which model wrote it, whether it was cut. */
  memories_used: MemoryUsed[]
  model: string | null
  status: 'complete' | 'failed'
}

/** Input of `send` and `sendStream`. */
export interface SendInput {
  conversation_id: string
  /** 1 to 20,000 characters. */
  content: string
  model?: string | undefined
  /** Repeating the key returns the first answer. */
  idempotency_key?: string | undefined
}

/** A turn: the question and its answer. */
export interface Turn {
  user: ChatMessage
  assistant: ChatMessage
}

/** Data of `turnCompleted`. */
export interface TurnCompleted {
  user_id: string
  conversation_id: string
  /** Natural key of the turn. */
  turn_id: string
  user_text: string
  assistant_text: string
  occurred_at: string
}

const message = () =>
  z.object({
    id: z.string(),
    role: z.enum(['user', 'assistant']),
    content: z.string(),
    created_at: z.string(),
    memories_used: z.array(z.object({ id: z.string(), text: z.string(), score: z.number() })),
    model: z.nullable(z.string()),
    status: z.enum(['complete', 'failed']),
  })

const conversation = () =>
  z.object({
    id: z.string(),
    title: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })

const sendInput = () =>
  z.strictObject({
    conversation_id: z.uuid(),
    content: plainText(1, 20_000),
    model: z.optional(plainText(1, 200)),
    idempotency_key: z.optional(plainText(1, 200)),
  })

const page = () => ({
  limit: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(100)), 20),
  cursor: z.optional(plainText(1, 200)),
})

/** Begins a conversation. */
export const createConversation: Operation<{ title: string }, Conversation> = {
  service: 'chat',
  name: 'create-conversation',
  method: 'POST',
  path: '/api/v1/chat/conversations',
  summary: 'begin a conversation',
  permission: 'cognitive:inference',
  callers: ['gateway'],
  status: 201,
  input: () => z.strictObject({ title: z._default(plainText(0, 200), '') }),
  output: conversation,
}

/** Lists the user's conversations, last used first. */
export const listConversations: Operation<
  { limit: number; cursor?: string | undefined },
  { conversations: Conversation[]; next_cursor: string | null }
> = {
  service: 'chat',
  name: 'list-conversations',
  method: 'GET',
  path: '/api/v1/chat/conversations',
  summary: 'list conversations, last used first',
  permission: 'api:read',
  callers: ['gateway'],
  input: () => z.strictObject(page()),
  output: () =>
    z.object({ conversations: z.array(conversation()), next_cursor: z.nullable(z.string()) }),
}

/** Lists the messages of a conversation, oldest first. */
export const listMessages: Operation<
  { conversation_id: string; limit: number; cursor?: string | undefined },
  { messages: ChatMessage[]; next_cursor: string | null }
> = {
  service: 'chat',
  name: 'list-messages',
  method: 'GET',
  path: '/api/v1/chat/conversations/:conversation_id/messages',
  summary: 'list the messages of a conversation',
  permission: 'api:read',
  callers: ['gateway'],
  input: () => z.strictObject({ conversation_id: z.uuid(), ...page() }),
  output: () => z.object({ messages: z.array(message()), next_cursor: z.nullable(z.string()) }),
}

/** Deletes a conversation with its messages. */
export const deleteConversation: Operation<{ conversation_id: string }, undefined> = {
  service: 'chat',
  name: 'delete-conversation',
  method: 'DELETE',
  path: '/api/v1/chat/conversations/:conversation_id',
  summary: 'delete a conversation',
  permission: 'cognitive:inference',
  callers: ['gateway'],
  input: () => z.strictObject({ conversation_id: z.uuid() }),
  output: null,
}

/** Says something and waits for the whole answer. */
export const send: Operation<SendInput, Turn> = {
  service: 'chat',
  name: 'send',
  method: 'POST',
  path: '/api/v1/chat/conversations/:conversation_id/messages',
  summary: 'say something and get the answer',
  permission: 'cognitive:inference',
  callers: ['gateway'],
  status: 201,
  input: sendInput,
  output: () => z.object({ user: message(), assistant: message() }),
}

/**
 * Says something and streams the answer as server-sent events: `memories` (MemoryUsed[]), `delta` ({ text }), `done`
 * (Turn) or `error` (the error envelope's inner object).
 */
export const sendStream: Operation<SendInput, never> = {
  service: 'chat',
  name: 'send-stream',
  method: 'POST',
  path: '/api/v1/chat/conversations/:conversation_id/stream',
  summary: 'say something and read the answer as it is written',
  permission: 'cognitive:inference',
  callers: ['gateway'],
  input: sendInput,
  output: null,
  stream: true,
}

/** A question was answered; whoever learns from conversations listens. */
export const turnCompleted: EventType<TurnCompleted> = {
  type: 'dev.aiwfe.chat.turn.completed.v1',
  source: '/chat',
  summary: 'a user said something and was answered',
  data: () =>
    z.object({
      user_id: plainText(),
      conversation_id: plainText(),
      turn_id: plainText(),
      user_text: plainText(),
      assistant_text: plainText(),
      occurred_at: plainText(),
    }),
}

/** Everything that `chat` offers. */
export const chatContract: Contract = {
  service: 'chat',
  operations: [
    createConversation,
    listConversations,
    listMessages,
    deleteConversation,
    send,
    sendStream,
  ],
  events: [turnCompleted],
}
