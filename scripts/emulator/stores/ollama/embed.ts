/** Answers requests for embeddings. */
import { DIMENSIONS, embed } from './embedding.ts'
import { type Exchange, json, type RouteDeps } from './exchange.ts'
import { countTokens } from './generate.ts'
import type { Model } from './models.ts'
import { ApiError, readKeepAlive, readModel } from './request.ts'

/** `POST /api/embed`. @throws ApiError */
export async function embedMany(exchange: Exchange, deps: RouteDeps): Promise<void> {
  const { body, response } = exchange
  const started = process.hrtime.bigint()
  const inputs = typeof body.input === 'string' ? [body.input] : body.input
  if (
    inputs !== undefined &&
    (!Array.isArray(inputs) || !inputs.every(input => typeof input === 'string'))
  ) {
    throw new ApiError(400, 'invalid input type')
  }
  const texts: string[] = inputs ?? []
  const { model, release } = await loadForEmbedding(exchange, deps)
  try {
    const loaded = process.hrtime.bigint()
    const counts = texts.map(countTokens)
    if (body.truncate === false && counts.some(count => count > deps.contextLength)) {
      throw new ApiError(400, 'the input length exceeds the context length')
    }
    const dimensions =
      typeof body.dimensions === 'number' && body.dimensions > 0
        ? Math.min(body.dimensions, DIMENSIONS)
        : DIMENSIONS
    json(response, {
      model: readModel(body) || model.name,
      embeddings: texts.map(text => embed(text, dimensions)),
      total_duration: Number(process.hrtime.bigint() - started),
      load_duration: Math.max(1, Number(loaded - started)),
      prompt_eval_count:
        counts.reduce((sum, count) => sum + Math.min(count, deps.contextLength), 0) || undefined,
    })
  } finally {
    release()
  }
}

/** `POST /api/embeddings`, the older form. @throws ApiError */
export async function embedOne(exchange: Exchange, deps: RouteDeps): Promise<void> {
  const { release } = await loadForEmbedding(exchange, deps)
  const prompt = String(exchange.body.prompt ?? '')
  json(exchange.response, { embedding: prompt === '' ? [] : embed(prompt) })
  release()
}

async function loadForEmbedding(
  { body, signal }: Exchange,
  deps: RouteDeps,
): Promise<{ model: Model; release: () => void }> {
  const name = readModel(body)
  const model = deps.models.find(name)
  if (!model) throw new ApiError(404, `model "${name}" not found, try pulling it first`)
  if (model.capability !== 'embedding')
    throw new ApiError(400, `"${name}" does not support embeddings`)
  const release = await deps.scheduler.acquire(model, {
    keepAliveMs: readKeepAlive(body),
    contextLength: deps.contextLength,
    signal,
  })
  return { model, release }
}
