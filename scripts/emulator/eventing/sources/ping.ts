/** Keeps PingSources: each sends an event at the times that its schedule names, on the virtual clock. */
import { randomUUID } from 'node:crypto'
import type { Cancel } from '../../clock.ts'
import type { PingSourceResource } from '../../manifests/eventing-types.ts'
import { nextRun } from '../../manifests/schedule.ts'
import { toBinary } from '../codec.ts'
import {
  type Controller,
  createShelf,
  markSink,
  NO_OIDC,
  type Shelf,
  type Surroundings,
} from '../controller.ts'
import type { CloudEvent } from '../event.ts'
import { isSuccess } from '../retries.ts'

/** `PingSourceEventType`. */
const EVENT_TYPE = 'dev.knative.sources.ping'
/** `ContextWithRetriesExponentialBackoff(ctx, 50*time.Millisecond, 5)`: 100, 200, 400, 800 and 1600 ms. */
const RETRIES = 5
const BACKOFF_MS = 50
/** What the SDK's HTTP protocol tries again. */
const RETRYABLE = new Set([0, 404, 425, 429, 502, 503, 504])
/** Real time for one attempt. */
const TIMEOUT_MS = 60_000

interface Running {
  readonly url: string
  /** What the schedule and the event are made of: a change of it starts anew. */
  readonly print: string
  readonly stop: () => void
}

/** The controller of PingSources. */
export function createPingSources(around: Surroundings): Controller<PingSourceResource> {
  const { clock, log, changed } = around
  const shelf: Shelf<PingSourceResource> = createShelf({
    clock,
    apiVersion: 'sources.knative.dev/v1',
    dependents: ['SinkProvided', 'Deployed', 'OIDCIdentityCreated'],
  })
  const running = new Map<string, Running>()
  const closing = new AbortController()

  function reconcile(): void {
    for (const held of shelf.all()) {
      const { resource, conditions } = held
      const url = markSink(held, around, resource.sink)
      conditions.set(...NO_OIDC)
      if (url === undefined) {
        stop(resource)
        held.status = {}
        continue
      }
      conditions.set('Deployed', 'True')
      held.status = {
        sinkUri: url,
        ceAttributes: [{ type: EVENT_TYPE, source: sourceOf(resource) }],
      }
      start(resource, url)
    }
  }

  function start(resource: PingSourceResource, url: string): void {
    const key = keyOf(resource)
    const print = JSON.stringify([resource.spec, url])
    if (running.get(key)?.print === print) return
    stop(resource)
    running.set(key, { url, print, stop: schedule(resource, url) })
  }

  function stop(resource: PingSourceResource): void {
    running.get(keyOf(resource))?.stop()
    running.delete(keyOf(resource))
  }

  /** One run ahead at a time, reckoned from now: what a jump of the clock skipped is not made up for. */
  function schedule(resource: PingSourceResource, url: string): () => void {
    let cancel: Cancel = () => {}
    let last = clock.now()
    const plan = (): void => {
      // Timers may fire a hair early, and a run must not be planned twice.
      const from = Math.max(last, clock.now())
      const next = nextRun(
        { pattern: resource.schedule, timezone: resource.timezone ?? 'UTC' },
        from,
      )
      if (next === undefined) return
      last = next
      cancel = clock.after(next - clock.now(), () => {
        void ping(resource, url)
        plan()
      })
    }
    plan()
    return () => cancel()
  }

  async function ping(resource: PingSourceResource, url: string): Promise<void> {
    const { namespace, name, sink } = resource
    const from = { group: 'sources.knative.dev', kind: 'PingSource', namespace, name }
    const message = toBinary(toEvent(resource, clock.now()))
    const headers = { ...message.headers, ...(await around.credentials(from, sink)) }
    const { body } = message
    const id = headers['ce-id'] ?? ''
    for (let retry = 0; !closing.signal.aborted; retry += 1) {
      const status = await attempt(url, headers, body)
      if (isSuccess(status)) return log.info(resource.name, `pinged ${url}`, { id })
      if (retry === RETRIES || !RETRYABLE.has(status)) {
        const what = status === 0 ? 'no answer' : `status ${status}`
        return log.error(resource.name, `ping lost: ${what} of ${url} after ${retry + 1} tries`, {
          id,
        })
      }
      await clock.sleep(BACKOFF_MS * 2 ** (retry + 1), closing.signal).catch(() => {})
    }
  }

  async function attempt(
    url: string,
    headers: Record<string, string>,
    body: Uint8Array,
  ): Promise<number> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT_MS)])
    try {
      const { status } = await around.send({ url, method: 'POST', headers, body, signal })
      return status
    } catch {
      return 0
    }
  }

  return {
    apply(resource) {
      shelf.put(resource)
      reconcile()
      changed()
    },
    remove(namespace, name) {
      const held = shelf.drop(namespace, name)
      if (!held) return
      stop(held.resource)
      changed()
    },
    refresh: reconcile,
    objects: shelf.objects,
    async close() {
      for (const { stop: end } of running.values()) end()
      running.clear()
      closing.abort(new Error('the emulator is stopping'))
    },
  }
}

/** The event of one tick (`pkg/adapter/mtping/runner.go` `makeEvent`). */
export function toEvent(resource: PingSourceResource, now: number): CloudEvent {
  const { overrides = {}, contentType, data } = resource
  return {
    attributes: {
      specversion: '1.0',
      id: randomUUID(),
      type: EVENT_TYPE,
      source: sourceOf(resource),
      time: new Date(now).toISOString(),
      ...(contentType !== undefined && data && { datacontenttype: contentType }),
      ...overrides,
    },
    ...(data && { data }),
  }
}

const sourceOf = ({ namespace, name }: PingSourceResource): string =>
  `/apis/v1/namespaces/${namespace}/pingsources/${name}`

const keyOf = ({ namespace, name }: PingSourceResource): string => `${namespace}/${name}`
