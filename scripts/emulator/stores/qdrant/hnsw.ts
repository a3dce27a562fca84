/** The graph over the vectors of a large collection. It is a cache: the points on disk are the truth. */
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Index } from 'usearch'

/** Labels are slots; a label whose slot is gone stays in the graph until it is built anew. */
export interface Hnsw {
  add(slot: number, vector: Float32Array): void
  /** Up to `count` slots, nearest first, gone ones among them. */
  search(vector: Float32Array, count: number): number[]
  contains(slots: number[]): boolean[]
  size(): number
  /** Writes the graph to its folder. */
  save(): void
}

/** What a graph is made with. */
export interface HnswOptions {
  directory: string
  /** Names the files of this collection. */
  key: number
  dimension: number
  metric: 'ip' | 'l2sq'
  m: number
  efConstruct: number
}

/**
 * Loads the graph that was saved, or makes an empty one. usearch crashes the process on a damaged file, so that
 * a file is only loaded when its bytes have the checksum in its name.
 */
export async function openHnsw(options: HnswOptions): Promise<Hnsw> {
  const { directory, key, dimension, metric, m, efConstruct } = options
  const usearch = await import('usearch')
  const index: Index = new usearch.Index({
    dimensions: dimension,
    metric: usearch.MetricKind[metric === 'ip' ? 'IP' : 'L2sq'],
    quantization: usearch.ScalarKind.F32,
    connectivity: m || 16,
    expansion_add: efConstruct,
    expansion_search: EF_SEARCH,
    multi: false,
  })
  const saved = savedFiles(directory, key).find(
    file => checksum(join(directory, file), key) === file,
  )
  if (saved !== undefined) index.load(join(directory, saved))
  return {
    add: (slot, vector) => index.add(BigUint64Array.of(BigInt(slot)), vector, 1),
    search(vector, count) {
      const size = index.size()
      if (size === 0) return []
      return Array.from(index.search(vector, Math.min(count, size), 1).keys, Number)
    },
    contains(slots) {
      if (slots.length === 0) return []
      return index.contains(BigUint64Array.from(slots, BigInt)) as boolean[]
    },
    size: () => index.size(),
    save() {
      const temporary = join(directory, `hnsw-${key}.tmp`)
      index.save(temporary)
      const file = openSync(temporary, 'r+')
      fsyncSync(file)
      closeSync(file)
      const name = checksum(temporary, key)
      for (const old of savedFiles(directory, key)) {
        if (old !== name) rmSync(join(directory, old), { force: true })
      }
      renameSync(temporary, join(directory, name))
    },
  }
}

/** Removes the files of a graph. */
export function removeHnsw(directory: string, key: number): void {
  for (const file of savedFiles(directory, key)) rmSync(join(directory, file), { force: true })
}

const savedFiles = (directory: string, key: number): string[] =>
  readdirSync(directory).filter(file => file.startsWith(`hnsw-${key}-`))

/** The name that a graph file must have. */
function checksum(path: string, key: number): string {
  const bytes = readFileSync(path)
  return `hnsw-${key}-${bytes.length}-${crc32(bytes).toString(16)}.usearch`
}

const EF_SEARCH = 128
