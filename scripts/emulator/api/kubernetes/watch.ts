/** A watch: the changes of some objects as they happen, one JSON object a line. */
import type { ServerResponse } from 'node:http'
import type { Catalogue, Change, Entry } from '../../control/catalogue.ts'
import { type Kind, toApiVersion } from '../../control/kinds.ts'
import { StatusError } from '../../control/status-error.ts'
import { showOne, type View } from './shown.ts'

/** What is watched, and from when on. */
export interface WatchOptions {
  readonly catalogue: Catalogue
  readonly kind: Kind
  readonly selects: (entry: Entry) => boolean
  readonly view: View
  readonly now: () => number
  /** Undefined or 0: what is there now comes first. */
  readonly from: number | undefined
  readonly bookmarks: boolean
  /** What is there now comes first whatever `from` is, and a bookmark ends it. */
  readonly initial: boolean
  /** Real time; undefined lasts until the client goes. */
  readonly timeoutMs: number | undefined
}

const BOOKMARK_MS = 60_000
/** What a client may be behind before it is cut off. */
const MAX_BEHIND_BYTES = 8 * 1024 * 1024

/** Streams until the client goes or the time is over. */
export function streamWatch(response: ServerResponse, options: WatchOptions): void {
  const { catalogue, selects, bookmarks, initial, from } = options
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.flushHeaders()
  let sent = from ?? 0

  function write(type: string, object: unknown): void {
    if (response.writableLength > MAX_BEHIND_BYTES) response.destroy()
    else response.write(`${JSON.stringify({ type, object })}\n`)
  }

  function show(entry: Entry): unknown {
    return showOne(entry, { ...options.view, now: options.now() })
  }

  function tell(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.version <= sent) continue
      sent = change.version
      const type = typeOf(change, selects)
      if (type) write(type, show(change.entry))
    }
  }

  function bookmark(annotations?: Record<string, string>): void {
    const resourceVersion = String(Math.max(sent, catalogue.version()))
    const { kind, view } = options
    write('BOOKMARK', {
      kind: kind.kind,
      apiVersion: toApiVersion(kind, view.version),
      metadata: { resourceVersion, creationTimestamp: null, ...(annotations && { annotations }) },
    })
  }

  try {
    if (initial || !from) {
      sent = catalogue.version()
      for (const entry of catalogue.list().filter(selects)) write('ADDED', show(entry))
      if (initial && bookmarks) bookmark({ 'k8s.io/initial-events-end': 'true' })
    } else tell(catalogue.since(from))
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    write('ERROR', error.status)
    response.end()
    return
  }
  const stop = catalogue.subscribe(tell)
  const timers = [
    ...(bookmarks ? [setInterval(() => bookmark(), BOOKMARK_MS)] : []),
    ...(options.timeoutMs === undefined
      ? []
      : [setTimeout(() => response.end(), options.timeoutMs)]),
  ]
  for (const timer of timers) timer.unref()
  response.on('close', () => {
    stop()
    for (const timer of timers) clearTimeout(timer)
  })
}

/** An object that begins or ceases to be selected appears or goes, for this client. */
function typeOf(
  { type, entry, before }: Change,
  selects: (entry: Entry) => boolean,
): Change['type'] | undefined {
  const is = selects(entry)
  if (type !== 'MODIFIED') return is ? type : undefined
  const was = before !== undefined && selects(before)
  if (is) return was ? 'MODIFIED' : 'ADDED'
  return was ? 'DELETED' : undefined
}
