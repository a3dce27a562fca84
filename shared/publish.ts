/** Publishes events to the broker: resolves only after the broker has taken the event. */
import type { EventType } from './contract.ts'
import { AppError } from './errors.ts'
import { type CloudEvent, encodeEvent } from './event.ts'
import { currentContext, openSpan, toTraceparent } from './trace.ts'
import { fetch } from './web/fetch.ts'

/** What an event is about, beside its data. */
export interface EventDetails {
  /** The id of the thing that it is about. */
  subject: string
  /** Natural key of the fact, so that publishing it again is the same event; a random id when absent. */
  id?: string
  /** Events of one key keep their order where the broker can. */
  partitionkey?: string
  extensions?: Readonly<Record<string, string | number | boolean>>
}

/**
 * Sends an event.
 * @throws {@link AppError} `dependency_unavailable` when the broker cannot be reached, `upstream_error` when it does
 * not take the event
 */
export type Publish = (event: CloudEvent) => Promise<void>

/** Longer than the broker's disk needs, shorter than a person waits. */
const TIMEOUT_MS = 5_000

/** Makes the publisher of a process. `brokerUrl` is a broker's address as Knative states it. */
export function createPublish(brokerUrl: string): Publish {
  return async event => {
    const { headers, body } = await encodeEvent(event)
    let status: number
    try {
      const response = await fetch(brokerUrl, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      status = response.status
      await response.bytes()
    } catch (cause) {
      throw new AppError('dependency_unavailable', 'the event broker cannot be reached', {
        cause,
        details: { dependency: 'broker' },
      })
    }
    if (status >= 200 && status < 300) return
    throw new AppError('upstream_error', `the event broker answered ${status}`, {
      details: { dependency: 'broker', event_type: event.type },
    })
  }
}

/** Builds an event of the catalogue; trace, correlation and causation come from the request being handled. */
export function createEvent<Data>(
  eventType: EventType<Data>,
  data: Data,
  { subject, id, partitionkey, extensions }: EventDetails,
  { now, newId }: { now: number; newId: () => string },
): CloudEvent<Data> {
  const context = currentContext()
  return {
    specversion: '1.0',
    id: id ?? newId(),
    source: eventType.source,
    type: eventType.type,
    subject,
    time: new Date(now).toISOString(),
    datacontenttype: 'application/json',
    data,
    extensions: {
      traceparent: toTraceparent(openSpan(context?.trace)),
      correlationid: context?.event?.correlationid ?? context?.requestId ?? newId(),
      ...(context?.event && { causationid: context.event.id }),
      partitionkey: partitionkey ?? subject,
      ...extensions,
    },
  }
}
