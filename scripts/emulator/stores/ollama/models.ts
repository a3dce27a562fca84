/** The models that the emulator has: two of its own, and every name that was pulled, each labelled as what it is. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** What a model can do. */
export type Capability = 'completion' | 'embedding'

/** One model, own or alias. */
export interface Model {
  name: string
  capability: Capability
  modifiedAt: string
}

/** The table of models. Names are found without regard to case; `:latest` may be left out. */
export interface Models {
  list(): Model[]
  find(name: string): Model | undefined
  /** Adds `name` as another name of the emulator's model for what it seems to be for. */
  add(name: string, capability?: Capability): Model
  remove(name: string): boolean
}

/** The names of the emulator's own models. */
export const OWN: Readonly<Record<Capability, string>> = {
  completion: 'emulator/extractive:latest',
  embedding: 'emulator/hashed-768:latest',
}

/** The table kept in `file`. @throws Error when the file is damaged */
export function createModels(file: string, now: () => number = Date.now): Models {
  const started = new Date(now()).toISOString()
  const models = new Map<string, Model>()
  for (const capability of ['completion', 'embedding'] as const) {
    models.set(OWN[capability], { name: OWN[capability], capability, modifiedAt: started })
  }
  for (const model of load(file)) models.set(model.name.toLowerCase(), model)

  function save(): void {
    const pulled = [...models.values()].filter(({ name }) => !Object.values(OWN).includes(name))
    writeFileSync(`${file}.new`, JSON.stringify(pulled), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }

  return {
    list: () => [...models.values()],
    find: name => models.get(fullName(name).toLowerCase()),
    add(name, capability = guess(name)) {
      const model: Model = {
        name: fullName(name),
        capability,
        modifiedAt: new Date(now()).toISOString(),
      }
      models.set(model.name.toLowerCase(), model)
      save()
      return model
    },
    remove(name) {
      const removed = models.delete(fullName(name).toLowerCase())
      if (removed) save()
      return removed
    },
  }
}

/** Whether `name` is `[host/][namespace/]model[:tag]`. */
export const isName = (name: string): boolean =>
  /^(?:[\w.-]+(?::\d+)?\/)?(?:[\w.-]+\/)?[\w.-]+(?::[\w.-]+)?$/.test(name) && name.length <= 200

/** The fingerprint of a model; aliases of one model have it in common, as in Ollama. */
export const digest = (capability: Capability): string =>
  createHash('sha256').update(OWN[capability]).digest('hex')

/** `details` of a model: the family says that no real model answers. */
export const details = ({ name, capability }: Model): object => ({
  parent_model: name === OWN[capability] ? '' : OWN[capability],
  format: 'emulator',
  family: 'emulator',
  families: ['emulator'],
  parameter_size: '0',
  quantization_level: 'none',
})

const fullName = (name: string): string => {
  const bare = name.replace(/^registry\.ollama\.ai\//, '').replace(/^library\//, '')
  return /:[^/]*$/.test(bare) ? bare : `${bare}:latest`
}

const guess = (name: string): Capability =>
  /embed|minilm|bge|gte|e5-|arctic/i.test(name) ? 'embedding' : 'completion'

function load(file: string): Model[] {
  if (!existsSync(file)) return []
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (Array.isArray(value)) return value.filter(isModel)
  } catch {}
  throw new Error(
    `"${file}" must be the list of pulled models, got a damaged file: remove it, or start with --fresh`,
  )
}

function isModel(value: unknown): value is Model {
  const model = value as Partial<Model> | null
  return (
    typeof model?.name === 'string' &&
    (model.capability === 'completion' || model.capability === 'embedding')
  )
}
