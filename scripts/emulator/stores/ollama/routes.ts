/** Ollama's routes over the emulator's models. */
import { embedMany, embedOne } from './embed.ts'
import { DIMENSIONS } from './embedding.ts'
import { type Exchange, json, type RouteDeps, write } from './exchange.ts'
import { readChat, readGenerate } from './generate.ts'
import { details, digest, isName, type Model } from './models.ts'
import { ApiError, readModel } from './request.ts'
import { talk } from './talk.ts'

/** The version that is answered; what follows the dash says what it is. */
export const VERSION: string = '0.33.0-emulator'

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
