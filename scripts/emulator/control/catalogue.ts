/** Every object of every part under one growing version number, and what changed since any of the latest numbers. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { findKind, type Kind } from './kinds.ts'
import type { KubeObject } from './object.ts'
import type { ObjectSource } from './part.ts'
import { keyOf } from './reference.ts'
import { StatusError } from './status-error.ts'

/** An object and the version that it came into this shape with. */
export interface Entry {
  readonly kind: Kind
  readonly object: KubeObject
  readonly version: number
}

/** What happened to an object; `entry` is how it is afterwards, or how it was when it went. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly version: number
  readonly entry: Entry
  readonly before?: Entry
}

/** The objects as they are now. Each question looks at the parts afresh. */
export interface Catalogue {
  get(kind: Kind, namespace: string, name: string): Entry | undefined
  list(): Entry[]
  /** The latest version number that was given. */
  version(): number
  /**
   * The changes after `version`, oldest first.
   * @throws StatusError `Expired` when they are not kept any more
   */
  since(version: number): Change[]
  /** Asks `decorate` about every object again. */
  redecorate(): void
  /** Tells of changes from now on, soon after they happen; returns what ends the telling. */
  subscribe(listener: (changes: readonly Change[]) => void): () => void
  close(): void
}

const KEPT_CHANGES = 2_000
/** Changes that come together are looked at once; real time. */
const TELL_AFTER_MS = 10
/** Different failures of parts that are told; more would be the same with other numbers in it. */
const TOLD_FAILURES = 100

interface Place {
  readonly kind: Kind
  readonly key: string
}

interface Known extends Entry {
  readonly text: string
  /** As its source gave it: the very same object cannot have changed. */
  readonly raw: KubeObject
  readonly source: ObjectSource
}

/**
 * Numbers the objects of `sources`. The first number is the time, so that a number of an earlier run is known to be
 * too old.
 */
export function createCatalogue({
  sources,
  clock,
  log,
  decorate = (_kind, object) => object,
}: {
  sources: readonly ObjectSource[]
  clock: Clock
  log: Log
  /** Adds what the control plane alone knows of an object. */
  decorate?: (kind: Kind, object: KubeObject) => KubeObject
}): Catalogue {
  const known = new Map<string, Known>()
  const places = new WeakMap<KubeObject, Place>()
  const history: Change[] = []
  const listeners = new Set<(changes: readonly Change[]) => void>()
  const first = Math.floor(clock.now())
  let latest = first
  let oldest = first
  let scheduled = false
  let told = first
  let isStale = false
  const failures = new Set<string>()
  const stops = sources.map(source => source.onChange(schedule))
  refresh()
  told = latest

  function schedule(): void {
    if (scheduled || listeners.size === 0) return
    scheduled = true
    setTimeout(() => {
      scheduled = false
      if (listeners.size === 0) return
      refresh()
      tell()
    }, TELL_AFTER_MS).unref()
  }

  function tell(): void {
    const news = history.filter(({ version }) => version > told)
    told = latest
    if (news.length > 0) for (const listener of listeners) listener(news)
  }

  function refresh(): void {
    const gone = new Set(known.keys())
    const again = isStale
    isStale = false
    for (const source of sources) look(source, gone, again)
    for (const key of gone) {
      const entry = known.get(key)
      known.delete(key)
      latest += 1
      if (entry) note({ type: 'DELETED', version: latest, entry: { ...entry, version: latest } })
    }
    if (latest > told) schedule()
  }

  /** A part that cannot show its objects keeps those of the others from nobody; its own stay as they were. */
  function look(source: ObjectSource, gone: Set<string>, again: boolean): void {
    try {
      for (const raw of source.objects()) {
        const place = placeOf(raw)
        if (!place) continue
        const { kind, key } = place
        gone.delete(key)
        const before = known.get(key)
        if (!again && before?.raw === raw) continue
        const object = decorate(kind, raw)
        const text = JSON.stringify(object)
        if (before?.text !== text) take(key, { kind, object, text, raw, source }, before)
      }
    } catch (error) {
      for (const key of gone) if (known.get(key)?.source === source) gone.delete(key)
      tellFailure(error)
    }
  }

  /** Most objects are the very same at each look. */
  function placeOf(raw: KubeObject): Place | undefined {
    const remembered = places.get(raw)
    if (remembered) return remembered
    const kind = findKind(raw.apiVersion, raw.kind)
    if (!kind) return undefined
    const place = { kind, key: keyOf(kind, raw.metadata) }
    places.set(raw, place)
    return place
  }

  function take(key: string, next: Omit<Known, 'version'>, before: Known | undefined): void {
    latest += 1
    const entry: Known = { ...next, version: latest }
    known.set(key, entry)
    // Deleted and made anew between two looks: another object under the same name.
    if (before && before.object.metadata.uid !== next.object.metadata.uid) {
      note({ type: 'DELETED', version: latest, entry: { ...before, version: latest } })
      latest += 1
      const anew = { ...entry, version: latest }
      known.set(key, anew)
      note({ type: 'ADDED', version: latest, entry: anew })
    } else if (before) note({ type: 'MODIFIED', version: latest, entry, before })
    else note({ type: 'ADDED', version: latest, entry })
  }

  /** It is looked at again with the next change, or when somebody asks. */
  function tellFailure(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    if (failures.has(message) || failures.size >= TOLD_FAILURES) return
    failures.add(message)
    log.error('emulator', `some objects are shown as they were, for a part failed: ${message}`)
  }

  function note(change: Change): void {
    history.push(change)
    const dropped = history.splice(0, Math.max(0, history.length - KEPT_CHANGES))
    oldest = dropped.at(-1)?.version ?? oldest
  }

  return {
    get(kind, namespace, name) {
      refresh()
      return known.get(keyOf(kind, { namespace, name }))
    },
    list() {
      refresh()
      return [...known.values()]
    },
    version() {
      refresh()
      return latest
    },
    since(version) {
      refresh()
      if (version < oldest || version > latest) {
        throw new StatusError('Expired', `too old resource version: ${version} (${oldest})`)
      }
      return history.filter(change => change.version > version)
    },
    redecorate() {
      isStale = true
    },
    subscribe(listener) {
      refresh()
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      listeners.clear()
      for (const stop of stops) stop()
    },
  }
}
