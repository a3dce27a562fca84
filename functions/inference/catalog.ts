/** Which models the server has, which one is meant by a name, and which one answers when none is named. */
import type { ModelResponse } from 'ollama'
import type { Models } from '../../shared/clients/models.ts'
import type { ModelInfo } from '../../shared/contracts/inference.ts'
import { AppError } from '../../shared/errors.ts'
import { forRequest } from './upstream.ts'

/** A model of the server, by its full name. */
export interface Model {
  name: string
  /** Of its weights; changes when the name is pulled again. */
  digest: string
  capability: Capability
  size: number
  family: string
  modifiedAt: number
}

/** What a model is for. */
export type Capability = 'completion' | 'embedding'

/** The server's models, remembered for a minute. */
export interface Catalog {
  /** @throws {@link AppError} `not_found`, or `model_unavailable` when no model of that kind is there */
  resolve(capability: Capability, name: string | undefined): Promise<Model>
  list(): Promise<ModelInfo[]>
  /** Asks the server again at the next call. */
  forget(): void
}

/** What a catalog is made of. `models` is asked for at each call, because it is loaded after the start. */
export interface CatalogOptions {
  models: () => Models
  defaults: Readonly<Record<Capability, string>>
  now: () => number
}

const REMEMBER_MS = 60_000
/** A name that is unknown may have been pulled just now; asking more often would let a client drive the server. */
const UNKNOWN_MS = 2_000
const LIST_TIMEOUT_MS = 5_000
const PULL: Record<Capability, string> = {
  completion: 'ollama pull llama3.2',
  embedding: 'ollama pull nomic-embed-text',
}
/** Servers before 0.6.4 do not list capabilities: these are the families and names of embedding models. */
const EMBEDDING_NAME = /embed|bert|minilm|\bbge\b|\be5\b|\bgte\b|arctic|hashed/i

/** Makes the catalog of one process. */
export function createCatalog({ models, defaults, now }: CatalogOptions): Catalog {
  let known: { at: number; models: Promise<Model[]> } | undefined

  function read(maxAgeMs: number): Promise<Model[]> {
    if (known && now() - known.at <= maxAgeMs) return known.models
    const asked = { at: now(), models: readModels(models()) }
    known = asked
    asked.models.catch(() => {
      if (known === asked) known = undefined
    })
    return asked.models
  }

  async function resolve(capability: Capability, name: string | undefined): Promise<Model> {
    const wanted = name ?? defaults[capability]
    if (wanted !== '') {
      const found = find(await read(REMEMBER_MS), wanted) ?? find(await read(UNKNOWN_MS), wanted)
      if (found) return found
      throw new AppError('not_found', `the model "${wanted}" is not on the server`, {
        details: { model: wanted, fix: `ollama pull ${wanted}` },
      })
    }
    const chosen =
      choose(await read(REMEMBER_MS), capability) ?? choose(await read(UNKNOWN_MS), capability)
    if (chosen) return chosen
    const fix = PULL[capability]
    throw new AppError('model_unavailable', `the server has no ${capability} model: ${fix}`, {
      details: { fix },
    })
  }

  return {
    resolve,
    forget() {
      known = undefined
    },
    async list() {
      const [all, running] = await Promise.all([read(0), bounded(models()).ps().catch(unreachable)])
      const loaded = new Set(running.models.map(model => model.name))
      return all.map(({ name, size, family }) => ({
        name,
        size,
        family,
        emulated: family === 'emulator',
        loaded: loaded.has(name),
      }))
    },
  }
}

async function readModels(models: Models): Promise<Model[]> {
  const { models: found } = await bounded(models).list().catch(unreachable)
  return found.map(toModel)
}

function toModel(model: ModelResponse & { capabilities?: string[] }): Model {
  const { name, digest, details, capabilities } = model
  const family = details?.family ?? ''
  const embeds = capabilities
    ? capabilities.includes('embedding')
    : EMBEDDING_NAME.test(name) || /bert/i.test(family)
  return {
    name,
    digest: digest || name,
    capability: embeds ? 'embedding' : 'completion',
    size: model.size ?? 0,
    family,
    modifiedAt: Date.parse(String(model.modified_at)) || 0,
  }
}

/** Names match whatever their case, and `:latest` may be left out, as the server does it. */
function find(all: readonly Model[], name: string): Model | undefined {
  const wanted = name.toLowerCase()
  const full = /:[^/]*$/.test(wanted) ? wanted : `${wanted}:latest`
  return all.find(model => [wanted, full].includes(model.name.toLowerCase()))
}

/**
 * For chat the first of the server's list, which is the newest. For embeddings the oldest, names with `embed` first:
 * vectors of two models cannot be compared, so pulling another one must not change the choice.
 */
function choose(all: readonly Model[], capability: Capability): Model | undefined {
  const able = all.filter(model => model.capability === capability)
  if (capability === 'completion') return able[0]
  const named = able.filter(model => /embed/i.test(model.name))
  return (named.length > 0 ? named : able).toSorted((a, b) => a.modifiedAt - b.modifiedAt)[0]
}

/** A server that does not even say what it has is as good as none. */
const bounded = (models: Models): Models =>
  forRequest(models, { model: '', signal: AbortSignal.timeout(LIST_TIMEOUT_MS) })

function unreachable(cause: unknown): never {
  if (cause instanceof AppError) throw cause
  throw new AppError('model_unavailable', 'the model server cannot be reached', {
    cause,
    details: { dependency: 'models', fix: 'start it with: ollama serve' },
  })
}
