/** `/api/generate` and `/api/chat`: from messages to a stream of pieces with its counts. */
import { answer, type Message } from './extract.ts'
import {
  ApiError,
  type Body,
  type Options,
  readFormat,
  readOptions,
  readString,
} from './request.ts'
import { fillSchema, type Schema } from './structured.ts'

/** What a model is asked, whichever route it came by. */
export interface Prompt {
  messages: Message[]
  format: 'text' | 'json' | Schema
  options: Options
  /** Tokens of the messages that fit. */
  promptTokens: number
  /** Nothing to answer: load the model only. */
  empty: boolean
}

/** What is said, in pieces. */
export interface Completion {
  pieces: string[]
  doneReason: 'stop' | 'length'
}

const IMAGE_TOKENS = 768

/** Reads the body of a chat. @throws ApiError 400 */
export function readChat(body: Body, contextLength: number): Prompt {
  const given = body.messages ?? []
  if (!Array.isArray(given))
    throw new ApiError(
      400,
      'json: cannot unmarshal messages into Go struct field ChatRequest.messages of type []api.Message',
    )
  const messages = given.map(readMessage)
  return toPrompt(body, messages, contextLength, given.length === 0)
}

/** Reads the body of a generation. @throws ApiError 400 */
export function readGenerate(body: Body, contextLength: number): Prompt {
  const prompt = readString(body, 'prompt')
  const system = readString(body, 'system')
  if (body.raw === true && (system || body.template || body.context)) {
    throw new ApiError(400, 'raw mode does not support template, system, or context')
  }
  const messages = [
    ...(system ? [{ role: 'system', content: system }] : []),
    { role: 'user', content: prompt },
  ]
  return toPrompt(body, messages, contextLength, prompt === '')
}

/** Says the answer. */
export function complete({ messages, format, options, promptTokens }: Prompt): Completion {
  const whole =
    format === 'text'
      ? answer(messages)
      : JSON.stringify(
          format === 'json' ? { answer: answer(messages) } : fillSchema(format, messages),
        )
  const stopAt = options.stop.map(stop => whole.indexOf(stop)).filter(at => at >= 0)
  const pieces = toPieces(stopAt.length > 0 ? whole.slice(0, Math.min(...stopAt)) : whole)
  const room = Math.max(1, options.contextLength - promptTokens)
  const limit = Math.min(options.numPredict >= 0 ? options.numPredict : Infinity, room)
  return pieces.length > limit
    ? { pieces: pieces.slice(0, limit), doneReason: 'length' }
    : { pieces, doneReason: 'stop' }
}

/** Cuts text as a tokenizer would, about: words of up to eight letters with the space before them. */
export const toPieces = (text: string): string[] =>
  text.match(/\s*[\p{L}\p{N}]{1,8}|\s*[^\s\p{L}\p{N}]|\s+$/gu) ?? []

/** How many tokens a text is. */
export const countTokens = (text: string): number => toPieces(text).length

function readMessage(value: unknown): Message & { images: number } {
  const message = (typeof value === 'object' && value !== null ? value : {}) as Body
  const role = readString(message, 'role')
  if (!['system', 'user', 'assistant', 'tool'].includes(role))
    throw new ApiError(
      400,
      `invalid role: ${role}, must be one of "system", "user", "assistant", or "tool"`,
    )
  return {
    role,
    content: readString(message, 'content'),
    images: Array.isArray(message.images) ? message.images.length : 0,
  }
}

/** Leaves out the oldest messages that do not fit, but never the system's nor the last, as Ollama does. */
function toPrompt(
  body: Body,
  given: (Message & { images?: number })[],
  contextLength: number,
  empty: boolean,
): Prompt {
  const options = readOptions(body, contextLength)
  const size = (message: Message & { images?: number }): number =>
    countTokens(message.content) + 4 + (message.images ?? 0) * IMAGE_TOKENS
  const messages = [...given]
  let total = messages.reduce((sum, message) => sum + size(message), 0)
  if (total > options.contextLength && body.truncate === false) {
    throw new ApiError(400, 'the input length exceeds the context length')
  }
  while (total > options.contextLength) {
    const oldest = messages.findIndex(
      ({ role }, at) => role !== 'system' && at < messages.length - 1,
    )
    if (oldest < 0) break
    total -= messages.splice(oldest, 1).reduce((sum, message) => sum + size(message), 0)
  }
  return {
    messages,
    format: readFormat(body),
    options,
    promptTokens: Math.min(total, options.contextLength),
    empty,
  }
}
