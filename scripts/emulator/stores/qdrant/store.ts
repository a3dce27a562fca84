/** All collections of a folder. */
import { join } from 'node:path'
import { type Collection, openCollection } from './collection.ts'
import type { Definition } from './definition.ts'
import { notFound, QdrantError } from './error.ts'
import { removeHnsw } from './hnsw.ts'
import { openStorage, type Storage, type StoredCollection } from './storage.ts'

/** Collections by name. One is read into memory when it is first asked for. */
export interface Store {
  names(): string[]
  has(name: string): boolean
  get(name: string): Collection
  create(name: string, definition: Definition): void
  /** False when there was none. */
  drop(name: string): boolean
  close(): void
}

/**
 * Opens the store of a folder.
 * @throws Error that names the file when it is damaged
 */
export function openStore({
  directory,
  indexThreshold,
  warn,
}: {
  directory: string
  indexThreshold: number
  warn(message: string): void
}): Store {
  const { storage, stored } = read(join(directory, 'vectors.sqlite'))
  const known = new Map(stored.map(collection => [collection.name, collection]))
  const open = new Map<string, Collection>()
  return {
    names: () => [...known.keys()].sort(),
    has: name => known.has(name),
    get(name) {
      const found = known.get(name)
      if (!found) throw notFound(`Collection \`${name}\` doesn't exist!`)
      const collection =
        open.get(name) ??
        openCollection({ stored: found, storage, directory, indexThreshold, warn })
      open.set(name, collection)
      return collection
    },
    create(name, definition) {
      if (known.has(name)) {
        throw new QdrantError(409, `Wrong input: Collection \`${name}\` already exists!`)
      }
      known.set(name, storage.create(name, definition))
    },
    drop(name) {
      const found = known.get(name)
      if (!found) return false
      storage.drop(found.key)
      known.delete(name)
      open.get(name)?.close()
      open.delete(name)
      removeHnsw(directory, found.key)
      return true
    },
    close() {
      for (const collection of open.values()) collection.close()
      open.clear()
      storage.close()
    },
  }
}

function read(file: string): { storage: Storage; stored: StoredCollection[] } {
  try {
    const storage = openStorage(file)
    return { storage, stored: storage.collections() }
  } catch (cause) {
    throw new Error(
      `"${file}" must be a vector store that opens, got: ${(cause as Error).message}; nothing was deleted: restore it, or start with --fresh`,
      { cause },
    )
  }
}
