/** The numbers and the templates of each Service's Revisions: they go on after a restart where they were. */
import { isDeepStrictEqual } from 'node:util'
import type { KeyedStore, StoredValue } from '../keyed-store.ts'
import type { Log } from '../log.ts'
import { isObject } from '../manifests/field.ts'
import type { Json } from './service-defaults.ts'

/** The latest generations, by Service. */
export interface Generations {
  /** Undefined for a Service that never had a Revision. */
  latest(service: Named): Latest | undefined
  /** Kept soon: a crash in between gives the number to the same template again. */
  note(service: Named, latest: Generation, older: readonly Generation[]): void
  /** A Service that was deleted begins anew. */
  forget(service: Named): void
  /** Writes what waits. */
  flush(): void
}

/** What a Revision was made of. */
export interface Generation {
  readonly generation: number
  readonly template: Json
}

/** The generation that was made last. */
export interface Latest extends Generation {
  /** Those before it that are still there. */
  readonly older: readonly Generation[]
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
  let waiting = new Map<string, StoredValue | undefined>()
  let failed = false

  /** Those of one start come together, and cost one write. */
  function wait(key: string, value: StoredValue | undefined): void {
    if (waiting.size === 0) setImmediate(flush)
    waiting.set(key, value)
  }

  function flush(): void {
    const all = [...waiting]
    waiting = new Map()
    try {
      const kept = all.flatMap(([key, value]) =>
        value && !isDeepStrictEqual(toPlain(value), toPlain(store.get(key)))
          ? [[key, value] as const]
          : [],
      )
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
      const isOf = (other: Json): boolean =>
        isDeepStrictEqual(toPlain(value?.template), toPlain(other))
      const template = isObject(value?.template) ? value.template : {}
      return { generation, template, older: toOlder(value?.older), isOf }
    },
    note: (service, latest, older) => wait(keyOf(service), { ...latest, older }),
    forget: service => wait(keyOf(service), undefined),
    flush,
  }
}

const keyOf = ({ namespace, name }: Named): string => `${namespace}/${name}`

function toOlder(older: unknown): Generation[] {
  return (Array.isArray(older) ? older : []).flatMap((each: unknown) =>
    isObject(each) && isObject(each.template) && Number.isSafeInteger(each.generation)
      ? [{ generation: Number(each.generation), template: each.template }]
      : [],
  )
}

/** As it comes from the disk: what is undefined is not there. */
const toPlain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))
