/** Keeps PingSources: each sends an event at the times that its schedule names, on the virtual clock. */
import { randomUUID } from 'node:crypto'
import type { Cancel } from '../../clock.ts'
import type { PingSourceResource } from '../../manifests/eventing-types.ts'
import { nextRun } from '../../manifests/schedule.ts'
import {
  type Controller,
  createShelf,
  markIdentity,
  markSink,
  type Shelf,
  type Surroundings,
} from '../controller.ts'
import type { CloudEvent } from '../event.ts'
import { emit } from './emit.ts'

/** `PingSourceEventType`. */
const EVENT_TYPE = 'dev.knative.sources.ping'
interface Running {
  readonly url: string
  /** What the schedule and the event are made of: a change of it starts anew. */
  readonly print: string
  readonly stop: () => void
}

/** The controller of PingSources. */
export function createPingSources(around: Surroundings): Controller<PingSourceResource> {
  const { clock, changed } = around
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
      const identity = markIdentity(held, around)
      if (url === undefined) {
        stop(resource)
        held.status = identity
        continue
      }
      conditions.set('Deployed', 'True')
      held.status = {
        ...identity,
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

  function ping(resource: PingSourceResource, url: string): Promise<void> {
    const { namespace, name, sink } = resource
    const from = { group: 'sources.knative.dev', kind: 'PingSource', namespace, name }
    const event = toEvent(resource, clock.now())
    return emit(around, { from, sink, url, event }, closing.signal)
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
