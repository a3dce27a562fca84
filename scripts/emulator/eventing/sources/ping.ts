/** Keeps PingSources: each sends an event at the times that its schedule names, on the virtual clock. */
import { randomUUID } from 'node:crypto'
import type { Cancel } from '../../clock.ts'
import type { PingSourceResource } from '../../manifests/eventing-types.ts'
import { nextRun } from '../../manifests/schedule.ts'
import { type Controller, createController, type Surroundings } from '../controller.ts'
import type { CloudEvent } from '../event.ts'
import { createShelf, type Held } from '../shelf.ts'
import { emit } from './emit.ts'
import { markIdentity, markSink } from './marks.ts'

/** `PingSourceEventType`. */
const EVENT_TYPE = 'dev.knative.sources.ping'

interface Running {
  /** What the schedule and the event are made of: a change of it starts anew. */
  readonly print: string
  readonly stop: () => void
}

/** The controller of PingSources. */
export function createPingSources(around: Surroundings): Controller<PingSourceResource> {
  const { clock } = around
  const shelf = createShelf<PingSourceResource, Running>({
    clock,
    apiVersion: 'sources.knative.dev/v1',
    dependents: ['SinkProvided', 'Deployed', 'OIDCIdentityCreated'],
  })
  const closing = new AbortController()

  function mark(held: Held<PingSourceResource, Running>): void {
    const { resource, conditions } = held
    const url = markSink(held, around, resource.sink)
    held.status = markIdentity(held, around)
    if (url === undefined) {
      stop(held)
      return
    }
    conditions.set('Deployed', 'True')
    held.status = {
      ...held.status,
      sinkUri: url,
      ceAttributes: [{ type: EVENT_TYPE, source: sourceOf(resource) }],
    }
    const print = JSON.stringify([resource.spec, url])
    if (held.own?.print === print) return
    stop(held)
    held.own = { print, stop: schedule(resource, url) }
  }

  function stop(held: Held<PingSourceResource, Running>): void {
    held.own?.stop()
    held.own = undefined
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
    const event = toEvent(resource, clock.now())
    return emit(around, { source: resource, url, event }, closing.signal)
  }

  return {
    ...createController(shelf, around, { mark, gone: stop }),
    async close() {
      shelf.all().forEach(stop)
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
