/** The number and the template of each Service's latest Revision: names go on after a restart where they were. */
import { isDeepStrictEqual } from 'node:util'
import type { KeyedStore } from '../keyed-store.ts'
import type { Log } from '../log.ts'
import type { Json } from './service-defaults.ts'

/** The latest generations, by Service. */
export interface Generations {
  /** Undefined for a Service that never had a Revision. */
  latest(service: Named): Latest | undefined
  /** Kept soon: a crash in between gives the number to the same template again. */
  note(service: Named, generation: number, template: Json): void
  /** A Service that was deleted begins anew. */
  forget(service: Named): void
  /** Writes what waits. */
  flush(): void
}

/** The generation that was made last. */
export interface Latest {
  readonly generation: number
  /** Whether it was made of this template. */
  isOf(template: Json): boolean
}

interface Named {
  readonly namespace: string
  readonly name: string
}

/** Over an open store. */
export function createGenerations({ store, log }: { store: KeyedStore; log: Log }): Generations {
  /** Undefined stands for one to forget. */
  let waiting = new Map<string, { generation: number; template: Json } | undefined>()
  let failed = false

  /** Those of one start come together, and cost one write. */
  function wait(key: string, value: { generation: number; template: Json } | undefined): void {
    if (waiting.size === 0) setImmediate(flush)
    waiting.set(key, value)
  }

  function flush(): void {
    const all = [...waiting]
    waiting = new Map()
    try {
      const kept = all.flatMap(([key, value]) => (value ? [[key, value] as const] : []))
      if (kept.length > 0) store.putAll(kept)
      store.remove(all.flatMap(([key, value]) => (value ? [] : [key])))
    } catch (error) {
      // Only names are at stake.
      if (!failed) log.warn('emulator', `revisions may be numbered anew: ${String(error)}`)
      failed = true
    }
  }

  return {
    latest(service) {
      const key = keyOf(service)
      const value = waiting.has(key) ? waiting.get(key) : store.get(key)
      const generation = Number(value?.generation)
      if (!Number.isSafeInteger(generation) || generation < 1) return undefined
      const isOf = (template: Json): boolean =>
        isDeepStrictEqual(toPlain(value?.template), toPlain(template))
      return { generation, isOf }
    },
    note: (service, generation, template) => wait(keyOf(service), { generation, template }),
    forget: service => wait(keyOf(service), undefined),
    flush,
  }
}

const keyOf = ({ namespace, name }: Named): string => `${namespace}/${name}`

/** As it comes from the disk: what is undefined is not there. */
const toPlain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))
