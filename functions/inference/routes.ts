/** The HTTP API of `inference`. */
import type { Context } from 'hono'
import {
  type Completion,
  chat,
  chatStream,
  embed,
  generate,
  listModels,
} from '../../shared/contracts/inference.ts'
import type { Deps } from '../../shared/deps.ts'
import { AppError } from '../../shared/errors.ts'
import { type App, type AppEnv, type RouteContext, route } from '../../shared/route.ts'
import { currentContext } from '../../shared/trace.ts'
import { type Asked, type CacheMode, createAnswers, type Via } from './answers.ts'
import { createAsker, type Question } from './ask.ts'
import { createCache } from './cache.ts'
import { createCatalog } from './catalog.ts'
import { createEmbed } from './embedding.ts'
import { createQueue, type Queue } from './queue.ts'
import type { InferenceConfig } from './settings.ts'
import { streamPieces } from './stream.ts'

/** Adds the routes; what they share lives as long as the process. */
export function inferenceRoutes(app: App, deps: Deps<InferenceConfig>): void {
  const { config, clock, log, metrics } = deps
  const now = clock.now
  const models = () => deps.models
  const queues = new Map<string, Queue>()
  const cache = createCache({ kv: () => deps.kv, log, now })
  const defaults = { completion: config.CHAT_MODEL, embedding: config.EMBED_MODEL }
  const catalog = createCatalog({ models, defaults, now })
  const asker = createAsker({ models, queueOf, limits: config, now })
  const answers = createAnswers({ asker, cache, catalog })
  const embedTexts = createEmbed({ models, queueOf, cache, catalog, limits: config })
  const results = metrics.counter('inference_answers_total', 'answers by operation and cache')
  const waiting = metrics.gauge('inference_queue_waiting', 'requests that wait, by model')

  function queueOf(model: string): Queue {
    let queue = queues.get(model)
    if (!queue) {
      const { MODEL_CONCURRENCY: concurrency, MODEL_QUEUE: limit } = config
      queue = createQueue({ concurrency, limit, now })
      queues.set(model, queue)
    }
    waiting.set({ model }, queue.waiting())
    return queue
  }

  /** Runs `task` and says in headers how the answer was come by and how much time we added ourselves. */
  async function measured<T extends { via: Via }>(
    operation: string,
    { principal, signal: client, c }: RouteContext,
    model: string | undefined,
    task: (asked: Asked) => Promise<T>,
  ): Promise<T & { headers: Record<string, string> }> {
    const begun = performance.now()
    const timing = { queueMs: 0, upstreamMs: 0 }
    const { signal, explain } = createPatience(client, operation === 'chat-stream', now)
    const asked = { tenant: principal.sub, model, mode: modeOf(c), signal, timing }
    const answer = await task(asked).catch(explain)
    const added = performance.now() - begun - timing.queueMs - timing.upstreamMs
    const headers = {
      'x-cache': answer.via,
      'x-inference-queue-ms': timing.queueMs.toFixed(1),
      'x-inference-overhead-ms': Math.max(added, 0).toFixed(2),
    }
    results.add({ operation, cache: answer.via })
    return { ...answer, headers }
  }

  async function complete(
    question: Question,
    model: string | undefined,
    context: RouteContext,
  ): Promise<Completion> {
    const { completion, headers } = await measured(question.op, context, model, asked =>
      answers.whole(question, asked),
    )
    setHeaders(context.c, headers)
    return completion
  }

  route(app, chat, ({ model, ...rest }, context) =>
    complete({ op: 'chat', ...rest }, model, context),
  )

  route(app, generate, ({ model, ...rest }, context) =>
    complete({ op: 'generate', ...rest }, model, context),
  )

  route(app, chatStream, async ({ model, ...rest }, context) => {
    const { response, headers } = await measured('chat-stream', context, model, async asked => {
      const { signal } = asked
      const begun = await answers.stream({ op: 'chat', ...rest }, asked)
      const dispatched = performance.now()
      const onError = (error: unknown): void => {
        if (!signal.aborted) log.warn('a streamed answer failed', { error, model: begun.model })
      }
      const response = await streamPieces(begun.pieces, { model: begun.model, signal, onError })
      // Until the first piece all waiting is the model's; what passes on each piece later is not in this figure.
      asked.timing.upstreamMs = performance.now() - dispatched - asked.timing.queueMs
      return { response, via: begun.via }
    })
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
    return response
  })

  route(app, embed, async ({ model, input }, context) => {
    const { result, headers } = await measured('embed', context, model, asked =>
      embedTexts(input, asked),
    )
    setHeaders(context.c, headers)
    return result
  })

  route(app, listModels, async () => ({ models: await catalog.list() }))
}

function setHeaders(c: Context<AppEnv>, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
}

function modeOf(c: Context<AppEnv>): CacheMode {
  const asked = c.req.header('x-cache')?.toLowerCase()
  return asked === 'bypass' || asked === 'refresh' ? asked : 'allow'
}

/** Until when a request is worth working on. A stream's deadline is for its beginning, which the watchdog minds. */
function createPatience(
  client: AbortSignal,
  streams: boolean,
  now: () => number,
): { signal: AbortSignal; explain: (error: unknown) => never } {
  const deadline = streams ? undefined : currentContext()?.deadline
  const left = deadline === undefined ? undefined : clamp(deadline - now())
  const limit = left === undefined ? undefined : AbortSignal.timeout(left)
  return {
    signal: limit ? AbortSignal.any([client, limit]) : client,
    explain(error) {
      if (client.aborted) throw new AppError('invalid_request', 'the client went away')
      if (limit?.aborted) {
        throw new AppError('upstream_timeout', 'no time is left for this request', { cause: error })
      }
      throw error
    },
  }
}

/** To what a timer can hold. */
const clamp = (ms: number): number => Math.min(Math.max(Math.ceil(ms), 0), 2 ** 31 - 1)
