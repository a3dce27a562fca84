/** Ollama's routes over the emulator's models. */
import type { ServerResponse } from 'node:http'
import { DIMENSIONS, embed } from './embedding.ts'
import { complete, countTokens, type Prompt, readChat, readGenerate } from './generate.ts'
import { details, digest, isName, type Model, type Models } from './models.ts'
import { ApiError, type Body, readKeepAlive, readModel } from './request.ts'
import type { Scheduler } from './scheduler.ts'

/** The version that is answered; what follows the dash says what it is. */
export const VERSION: string = '0.33.0-emulator'

/** What routes need. */
export interface RouteDeps {
  models: Models
  scheduler: Scheduler
  now: () => number
  contextLength: number
  /** Waits before the first piece, and between pieces. */
  firstTokenMs: number
  tokenMs: number
}

/** Where a route answers. */
export interface Exchange {
  body: Body
  response: ServerResponse
  signal: AbortSignal
}

/** One route. */
export type Route = (exchange: Exchange, deps: RouteDeps) => void | Promise<void>

/** Routes by method and path. */
export const ROUTES: Readonly<Record<string, Route>> = {
  'GET /api/version': ({ response }) => json(response, { version: VERSION }),
  'GET /api/tags': ({ response }, { models }) => json(response, { models: models.list().map(tag) }),
  'GET /api/ps': ({ response }, deps) => json(response, { models: running(deps) }),
  'POST /api/show': show,
  'POST /api/chat': (exchange, deps) =>
    talk(exchange, deps, 'chat', readChat(exchange.body, deps.contextLength)),
  'POST /api/generate': (exchange, deps) =>
    talk(exchange, deps, 'generate', readGenerate(exchange.body, deps.contextLength)),
  'POST /api/embed': embedMany,
  'POST /api/embeddings': embedOne,
  'POST /api/pull': pull,
  'POST /api/create': ({ body }) => {
    if (!body.from && !body.files)
      throw new ApiError(400, "neither 'from' or 'files' was specified")
    throw new ApiError(400, 'the emulator cannot create models: pull a name instead')
  },
  'POST /api/push': () => {
    throw new ApiError(400, 'the emulator cannot push models')
  },
  'POST /api/copy': ({ body, response }, { models }) => {
    const [source, destination] = [String(body.source ?? ''), String(body.destination ?? '')]
    if (!isName(source)) throw new ApiError(400, `source "${source}" is invalid`)
    if (!isName(destination)) throw new ApiError(400, `destination "${destination}" is invalid`)
    const model = models.find(source)
    if (!model) throw new ApiError(404, `model "${source}" not found`)
    models.add(destination, model.capability)
    response.writeHead(200).end()
  },
  'DELETE /api/delete': ({ body, response }, { models, scheduler }) => {
    const name = readModel(body)
    if (!isName(name)) throw new ApiError(400, `name "${name}" is invalid`)
    const model = models.find(name)
    if (!model) throw new ApiError(404, `model '${name}' not found`)
    scheduler.unload(model)
    models.remove(name)
    response.writeHead(200).end()
  },
}

/** Answers one JSON document. */
export function json(response: ServerResponse, body: unknown, status = 200): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(body))
}

const tag = (model: Model): object => ({
  name: model.name,
  model: model.name,
  modified_at: model.modifiedAt,
  size: 0,
  digest: digest(model.capability),
  details: details(model),
  capabilities: [model.capability],
})

function running({ scheduler }: RouteDeps): object[] {
  return scheduler.loaded().map(({ model, contextLength, expiresAt }) => ({
    name: model.name,
    model: model.name,
    size: 0,
    digest: digest(model.capability),
    details: details(model),
    // Go's zero of "never" is a date centuries away.
    expires_at: Number.isFinite(expiresAt)
      ? new Date(expiresAt).toISOString()
      : '2318-01-01T00:00:00Z',
    size_vram: 0,
    context_length: contextLength,
  }))
}

function show({ body, response }: Exchange, { models, contextLength }: RouteDeps): void {
  const name = readModel(body)
  if (name === '') throw new ApiError(400, 'model is required')
  const model = models.find(name)
  if (!model) throw new ApiError(404, `model '${name}' not found`)
  json(response, {
    license: 'no model: the aiwfe emulator answers from the text it is given',
    modelfile: `# emulator\nFROM ${model.name}\n`,
    parameters: '',
    template: '{{ .Prompt }}',
    details: details(model),
    model_info: {
      'general.architecture': 'emulator',
      'emulator.context_length': contextLength,
      ...(model.capability === 'embedding' ? { 'emulator.embedding_length': DIMENSIONS } : {}),
    },
    capabilities: [model.capability],
    modified_at: model.modifiedAt,
  })
}

async function talk(
  { body, response, signal }: Exchange,
  deps: RouteDeps,
  route: 'chat' | 'generate',
  prompt: Prompt,
): Promise<void> {
  const started = process.hrtime.bigint()
  const name = readModel(body)
  if (name === '') throw new ApiError(400, 'model is required')
  const model = deps.models.find(name)
  if (!model) throw new ApiError(404, `model '${name}' not found`)
  if (model.capability !== 'completion')
    throw new ApiError(400, `"${name}" does not support ${route}`)
  if (body.think === true || typeof body.think === 'string')
    throw new ApiError(400, `"${name}" does not support thinking`)
  if (Array.isArray(body.tools) && body.tools.length > 0)
    throw new ApiError(400, `"${name}" does not support tools`)
  const keepAliveMs = readKeepAlive(body)
  const part = (text: string, rest: object): object => ({
    model: name,
    created_at: new Date(deps.now()).toISOString(),
    ...(route === 'chat' ? { message: { role: 'assistant', content: text } } : { response: text }),
    ...rest,
  })
  if (prompt.empty) {
    if (keepAliveMs === 0) deps.scheduler.unload(model)
    else
      (
        await deps.scheduler.acquire(model, {
          keepAliveMs,
          contextLength: prompt.options.contextLength,
          signal,
        })
      )()
    return json(
      response,
      part('', { done: true, done_reason: keepAliveMs === 0 ? 'unload' : 'load' }),
    )
  }
  const release = await deps.scheduler.acquire(model, {
    keepAliveMs,
    contextLength: prompt.options.contextLength,
    signal,
  })
  try {
    const loaded = process.hrtime.bigint()
    const { pieces, doneReason } = complete(prompt)
    const evaluated = process.hrtime.bigint()
    const stream = body.stream !== false
    await pause(deps.firstTokenMs, signal)
    if (stream) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (const [at, piece] of pieces.entries()) {
      if (at > 0) await pause(deps.tokenMs, signal)
      if (stream) await write(response, part(piece, { done: false }), signal)
    }
    const end = process.hrtime.bigint()
    const final = part(stream ? '' : pieces.join(''), {
      done: true,
      done_reason: doneReason,
      total_duration: Number(end - started),
      load_duration: Math.max(1, Number(loaded - started)),
      prompt_eval_count: prompt.promptTokens,
      prompt_eval_duration: Math.max(1, Number(evaluated - loaded)),
      eval_count: pieces.length,
      eval_duration: Math.max(1, Number(end - evaluated)),
    })
    if (stream) response.end(`${JSON.stringify(final)}\n`)
    else json(response, final)
  } finally {
    release()
  }
}

async function embedMany(exchange: Exchange, deps: RouteDeps): Promise<void> {
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

async function embedOne(exchange: Exchange, deps: RouteDeps): Promise<void> {
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

async function pull({ body, response, signal }: Exchange, { models }: RouteDeps): Promise<void> {
  const name = readModel(body)
  if (!isName(name))
    throw new ApiError(400, name === '' ? 'invalid model name' : `name "${name}" is invalid`)
  const { capability } = models.add(name)
  if (body.stream === false) return json(response, { status: 'success' })
  const layer = digest(capability)
  const steps = [
    { status: 'pulling manifest' },
    { status: `pulling ${layer.slice(0, 12)}`, digest: `sha256:${layer}`, total: 1, completed: 1 },
    { status: 'verifying sha256 digest' },
    { status: 'writing manifest' },
    { status: 'success' },
  ]
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  for (const step of steps) await write(response, step, signal)
  response.end()
}

async function write(response: ServerResponse, line: object, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (response.write(`${JSON.stringify(line)}\n`)) return
  await new Promise<void>((resolve, reject) => {
    response.once('drain', resolve)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function pause(ms: number, signal: AbortSignal): Promise<void> | undefined {
  if (ms <= 0) return undefined
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        reject(signal.reason)
      },
      { once: true },
    )
  })
}
