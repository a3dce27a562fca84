/** The contract of `inference`: chat, generation, embeddings and models, whatever server answers behind it. */
import * as z from 'zod/mini'
import type { Contract, Operation } from '../contract.ts'

/** One message of a conversation, in Ollama's form. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string
}

/** Ollama's sampling options that callers may set. */
export interface ModelOptions {
  temperature?: number | undefined
  seed?: number | undefined
  num_predict?: number | undefined
  num_ctx?: number | undefined
  top_p?: number | undefined
  top_k?: number | undefined
  stop?: string[] | undefined
}

/** Input of `chat` and `chatStream`. */
export interface ChatInput {
  /** The default chat model unless named. */
  model?: string | undefined
  messages: Message[]
  /** `json`, or a JSON Schema that the answer must fit. */
  format?: 'json' | Record<string, unknown> | undefined
  options?: ModelOptions | undefined
}

/** Input of `generate`. */
export interface GenerateInput {
  model?: string | undefined
  prompt: string
  system?: string | undefined
  format?: 'json' | Record<string, unknown> | undefined
  options?: ModelOptions | undefined
}

/** A finished answer. Durations are milliseconds. */
export interface Completion {
  model: string
  content: string
  done_reason: string
  prompt_tokens: number
  completion_tokens: number
  duration_ms: number
  /** Whether the answer came from the cache. */
  cached: boolean
}

/** One `data:` frame of `chatStream`; the last one has `done` and the totals, a failure has `error` instead. */
export interface ChatDelta {
  delta: string
  done: boolean
  model: string
  completion?: Completion
  error?: { code: string; message: string }
}

/** Input of `embed`. */
export interface EmbedInput {
  model?: string | undefined
  input: string[]
}

/** Answer of `embed`: one L2-normalised vector for each input, in order. */
export interface EmbedResult {
  model: string
  dimensions: number
  embeddings: number[][]
}

/** A model that can be asked for. */
export interface ModelInfo {
  name: string
  /** Bytes. */
  size: number
  family: string
  /** The server is the local emulator: its answers are extracts of the prompt. */
  emulated: boolean
  loaded: boolean
}

const options = () =>
  z.strictObject({
    temperature: z.optional(z.number().check(z.minimum(0), z.maximum(2))),
    seed: z.optional(z.int()),
    num_predict: z.optional(z.int()),
    num_ctx: z.optional(z.int().check(z.minimum(1))),
    top_p: z.optional(z.number()),
    top_k: z.optional(z.int()),
    stop: z.optional(z.array(z.string())),
  })

const format = () => z.optional(z.union([z.literal('json'), z.record(z.string(), z.unknown())]))

const model = () => z.optional(z.string().check(z.minLength(1), z.maxLength(200)))

const chatInput = () =>
  z.strictObject({
    model: model(),
    messages: z
      .array(
        z.strictObject({
          role: z.enum(['system', 'user', 'assistant', 'tool']),
          content: z.string().check(z.maxLength(200_000)),
        }),
      )
      .check(z.minLength(1), z.maxLength(500)),
    format: format(),
    options: z.optional(options()),
  })

const completion = () =>
  z.object({
    model: z.string(),
    content: z.string(),
    done_reason: z.string(),
    prompt_tokens: z.number(),
    completion_tokens: z.number(),
    duration_ms: z.number(),
    cached: z.boolean(),
  })

/** Answers a conversation, whole. */
export const chat: Operation<ChatInput, Completion> = {
  service: 'inference',
  name: 'chat',
  method: 'POST',
  path: '/api/v1/inference/chat',
  summary: 'answer a conversation',
  permission: 'cognitive:inference',
  callers: ['gateway', 'chat', 'memory', 'reasoning'],
  maxBytes: 8 * 1024 * 1024,
  input: chatInput,
  output: completion,
}

/** Answers a conversation as server-sent {@link ChatDelta} frames. */
export const chatStream: Operation<ChatInput, never> = {
  service: 'inference',
  name: 'chat-stream',
  method: 'POST',
  path: '/api/v1/inference/chat/stream',
  summary: 'answer a conversation as it is written',
  permission: 'cognitive:inference',
  callers: ['gateway', 'chat'],
  maxBytes: 8 * 1024 * 1024,
  input: chatInput,
  output: null,
  stream: true,
}

/** Completes a prompt. */
export const generate: Operation<GenerateInput, Completion> = {
  service: 'inference',
  name: 'generate',
  method: 'POST',
  path: '/api/v1/inference/generate',
  summary: 'complete a prompt',
  permission: 'cognitive:inference',
  callers: ['gateway', 'memory', 'reasoning'],
  maxBytes: 8 * 1024 * 1024,
  input: () =>
    z.strictObject({
      model: model(),
      prompt: z.string().check(z.minLength(1), z.maxLength(1_000_000)),
      system: z.optional(z.string()),
      format: format(),
      options: z.optional(options()),
    }),
  output: completion,
}

/** Turns texts into vectors. */
export const embed: Operation<EmbedInput, EmbedResult> = {
  service: 'inference',
  name: 'embed',
  method: 'POST',
  path: '/api/v1/inference/embed',
  summary: 'turn texts into vectors',
  permission: 'cognitive:inference',
  callers: ['gateway', 'memory', 'reasoning'],
  maxBytes: 8 * 1024 * 1024,
  input: () =>
    z.strictObject({
      model: model(),
      input: z
        .array(z.string().check(z.maxLength(100_000)))
        .check(z.minLength(1), z.maxLength(256)),
    }),
  output: () =>
    z.object({
      model: z.string(),
      dimensions: z.number(),
      embeddings: z.array(z.array(z.number())),
    }),
}

/** Lists the models that can be asked for. */
export const listModels: Operation<Record<string, never>, { models: ModelInfo[] }> = {
  service: 'inference',
  name: 'models',
  method: 'GET',
  path: '/api/v1/inference/models',
  summary: 'list models',
  permission: 'api:read',
  callers: ['gateway', 'chat'],
  input: () => z.strictObject({}),
  output: () =>
    z.object({
      models: z.array(
        z.object({
          name: z.string(),
          size: z.number(),
          family: z.string(),
          emulated: z.boolean(),
          loaded: z.boolean(),
        }),
      ),
    }),
}

/** Everything that `inference` offers. */
export const inferenceContract: Contract = {
  service: 'inference',
  operations: [chat, chatStream, generate, embed, listModels],
  events: [],
}
