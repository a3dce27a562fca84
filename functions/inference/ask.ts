/** One question to the model server as a stream of pieces: waits its turn, is watched, is tried twice, never half. */
import type { Models } from '../../shared/clients/models.ts'
import type {
  ChatInput,
  Completion,
  GenerateInput,
  ModelOptions,
} from '../../shared/contracts/inference.ts'
import { AppError } from '../../shared/errors.ts'
import type { Model } from './catalog.ts'
import type { Queue } from './queue.ts'
import { forRequest } from './upstream.ts'
import { createWatchdog } from './watchdog.ts'

/** What is asked, in the form of the operation that it came by. */
export type Question =
  | ({ op: 'chat' } & Pick<ChatInput, 'messages' | 'format' | 'options'>)
  | ({ op: 'generate' } & Pick<GenerateInput, 'prompt' | 'system' | 'format' | 'options'>)

/** A part of the answer; the last one is the whole of it. */
export type Piece = { delta: string } | { completion: Completion }

/** Where the time of one request went, in milliseconds. */
export interface Timing {
  queueMs: number
  upstreamMs: number
}

/** Limits of one attempt, in milliseconds. */
export interface Limits {
  TTFT_TIMEOUT_MS: number
  LOAD_TIMEOUT_MS: number
  IDLE_TIMEOUT_MS: number
}

/** Asks models; knows which of them have answered lately. */
export interface Asker {
  /**
   * Yields as the model writes. A failure before the first piece is tried once more; after it, it is an error.
   * @throws {@link AppError} whatever the client can do about it
   */
  ask(question: Question, model: Model, who: Asking): AsyncGenerator<Piece>
}

/** On whose behalf, and until when. */
export interface Asking {
  tenant: string
  signal: AbortSignal
  timing: Timing
}

/** The server unloads an idle model after five minutes; a minute earlier we expect a load again. */
const WARM_MS = 4 * 60_000

/** Makes the asker of one process. */
export function createAsker({
  models,
  queueOf,
  limits,
  now,
}: {
  models: () => Models
  queueOf: (model: string) => Queue
  limits: Limits
  now: () => number
}): Asker {
  const answeredAt = new Map<string, number>()

  async function* ask(question: Question, model: Model, who: Asking): AsyncGenerator<Piece> {
    const { signal, tenant, timing } = who
    const waited = performance.now()
    const leave = await queueOf(model.name).enter(tenant, signal)
    const begun = performance.now()
    timing.queueMs += begun - waited
    // Also for a stream that nobody reads any more: it would wait at its `yield` for ever.
    signal.addEventListener('abort', leave, { once: true })
    let wrote = false
    try {
      for (let tries = 1; ; tries += 1) {
        try {
          for await (const piece of attempt(question, model, signal)) {
            wrote = true
            yield piece
          }
          return
        } catch (error) {
          if (wrote || tries === 2 || signal.aborted || !mayPass(error)) throw error
        }
      }
    } finally {
      timing.upstreamMs += performance.now() - begun
      signal.removeEventListener('abort', leave)
      leave()
    }
  }

  async function* attempt(
    question: Question,
    model: Model,
    signal: AbortSignal,
  ): AsyncGenerator<Piece> {
    const warm = now() - (answeredAt.get(model.name) ?? Number.NEGATIVE_INFINITY) < WARM_MS
    const watchdog = createWatchdog(signal, {
      firstMs: warm ? limits.TTFT_TIMEOUT_MS : limits.LOAD_TIMEOUT_MS,
      idleMs: limits.IDLE_TIMEOUT_MS,
    })
    const client = forRequest(models(), {
      model: model.name,
      signal: watchdog.signal,
      onLine() {
        answeredAt.set(model.name, now())
        watchdog.touch()
      },
    })
    const begun = performance.now()
    let content = ''
    let complete = false
    try {
      for await (const chunk of await start(client, question, model.name)) {
        if (chunk.text !== '') {
          content += chunk.text
          yield { delta: chunk.text }
        }
        if (!chunk.done) continue
        complete = true
        yield {
          completion: {
            model: model.name,
            content,
            done_reason: chunk.done_reason || 'stop',
            prompt_tokens: chunk.prompt_eval_count ?? 0,
            completion_tokens: chunk.eval_count ?? 0,
            duration_ms: Math.round(performance.now() - begun),
            cached: false,
          },
        }
        return
      }
    } catch (error) {
      if (watchdog.signal.aborted) throw watchdog.signal.reason
      throw toCut(error)
    } finally {
      // Ends the request upstream too, whether its answer is broken or no longer wanted.
      watchdog.close(complete)
    }
  }

  return { ask }
}

/** The last piece of a stream. @throws whatever the stream throws */
export async function whole(pieces: AsyncIterable<Piece>): Promise<Completion> {
  for await (const piece of pieces) if ('completion' in piece) return piece.completion
  throw new AppError('upstream_error', 'the model answered nothing')
}

interface Chunk {
  text: string
  done: boolean
  done_reason?: string
  prompt_eval_count?: number
  eval_count?: number
}

async function start(
  client: Models,
  question: Question,
  model: string,
): Promise<AsyncIterable<Chunk>> {
  const common = {
    model,
    stream: true,
    ...(question.format !== undefined && { format: question.format }),
    ...(question.options && { options: defined(question.options) }),
  } as const
  if (question.op === 'chat') {
    const stream = await client.chat({ ...common, messages: question.messages })
    return toChunks(stream, chunk => chunk.message?.content ?? '')
  }
  const { prompt, system } = question
  const stream = await client.generate({
    ...common,
    prompt,
    ...(system !== undefined && { system }),
  })
  return toChunks(stream, chunk => chunk.response ?? '')
}

async function* toChunks<C extends Omit<Chunk, 'text'>>(
  stream: AsyncIterable<C>,
  textOf: (chunk: C) => string,
): AsyncIterable<Chunk> {
  for await (const chunk of stream) yield { ...chunk, text: textOf(chunk) }
}

function defined(options: ModelOptions): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** What is not one of ours is the connection breaking off, or the client's own word for a missing end. */
function toCut(error: unknown): AppError {
  if (error instanceof AppError) return error
  return new AppError('upstream_error', "the model's answer was cut off before its end", {
    cause: error,
  })
}

/** Failures of the moment; refusals, a full queue and a timeout that has already used up its time are not. */
const mayPass = (error: unknown): boolean =>
  error instanceof AppError &&
  (error.code === 'upstream_error' || error.code === 'model_unavailable')
