/** Brings vectors into the graph between requests, so that writes are answered at once and searches are not held up. */
import { type Hnsw, openHnsw, removeHnsw } from './hnsw.ts'

/** The graph of one collection and what is still outside of it. */
export interface Indexer {
  added(slot: number): void
  removed(slot: number): void
  /** The nearest slots that the graph knows, gone ones among them, or nothing while there is no graph. */
  search(vector: Float32Array, count: number): number[] | undefined
  /** Slots outside of the graph: to be scanned. */
  pending(): ReadonlySet<number>
  /** Vectors that the graph serves. */
  indexed(): number
  close(): void
}

/** What an indexer works on. */
export interface IndexerOptions {
  directory: string
  key: number
  dimension: number
  metric: 'ip' | 'l2sq' | undefined
  m: number
  efConstruct: number
  /** Vectors from which on there is a graph. */
  threshold: number
  vectorOf(slot: number): Float32Array | undefined
  /** Every slot that has a vector. */
  slots(): Iterable<number>
  warn(message: string): void
}

/** Starts with every slot outside of the graph. */
export function createIndexer(options: IndexerOptions): Indexer {
  const { directory, key, dimension, metric, m, efConstruct, threshold, vectorOf, slots, warn } =
    options
  const pending = new Set<number>()
  let graph: Hnsw | undefined
  let state: 'idle' | 'busy' | 'off' = metric === undefined || dimension === 0 ? 'off' : 'idle'
  let live = 0
  let unsaved = 0

  function wake(): void {
    if (state !== 'idle' || pending.size === 0 || live < threshold) return
    state = 'busy'
    void build()
  }

  async function build(): Promise<void> {
    try {
      if (graph === undefined && metric !== undefined) {
        const opened = await openHnsw({ directory, key, dimension, metric, m, efConstruct })
        const all = [...pending]
        opened.contains(all).forEach((known, at) => {
          if (known) pending.delete(all[at] as number)
        })
        graph = opened
      }
      while (isBusy() && graph && pending.size > 0) {
        fill(graph)
        await new Promise(resolve => setImmediate(resolve))
      }
      if (!isBusy() || !graph) return
      state = 'idle'
      if (unsaved >= Math.max(SAVE_MIN, graph.size() * SAVE_SHARE)) save(graph)
    } catch (error) {
      // Without a graph every search is a scan: slower, and right.
      state = 'off'
      graph = undefined
      warn(`no vector index, searches will scan: ${(error as Error).message}`)
    }
  }

  function fill(into: Hnsw): void {
    const until = performance.now() + SLICE_MS
    for (const slot of pending) {
      const vector = vectorOf(slot)
      if (vector) {
        into.add(slot, vector)
        unsaved++
      }
      pending.delete(slot)
      if (performance.now() >= until) return
    }
  }

  function save(from: Hnsw): void {
    from.save()
    unsaved = 0
  }

  const isBusy = (): boolean => state === 'busy'

  return {
    added(slot) {
      live++
      pending.add(slot)
      wake()
    },
    removed(slot) {
      live--
      if (pending.delete(slot) || !graph || state !== 'idle') return
      if (graph.size() <= live * GONE_FACTOR + SAVE_MIN) return
      rebuild()
    },
    search: (vector, count) => graph?.search(vector, count),
    pending: () => pending,
    indexed: () => (graph ? live - pending.size : 0),
    close() {
      const last = state === 'off' ? undefined : graph
      state = 'off'
      if (last && unsaved > 0) save(last)
    },
  }

  /** Too many labels have no point any more: build anew, and scan meanwhile. */
  function rebuild(): void {
    removeHnsw(directory, key)
    graph = undefined
    unsaved = 0
    for (const slot of slots()) pending.add(slot)
    wake()
  }
}

const SLICE_MS = 8
const SAVE_MIN = 500
const SAVE_SHARE = 0.1
const GONE_FACTOR = 1.3
