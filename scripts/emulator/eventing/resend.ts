/** Takes an event of the ledger in once more, as it was or changed. */

import { type CloudEvent, EventError } from './event.ts'
import type { Intake } from './intake.ts'
import type { Ledger } from './ledger.ts'
import { type EventRecord, type EventReference, reference } from './records.ts'
import { ARRIVAL, TTL } from './ttl.ts'
import { parseAttributes } from './validate.ts'

/** Which event, and what to change of it. */
export interface ResendRequest {
  readonly seq?: number
  readonly id?: string
  readonly source?: string
  readonly edit?: {
    /** Set, or removed where null. */
    readonly attributes?: Readonly<Record<string, string | number | boolean | null>>
    /** Takes the place of the body; null removes it. */
    readonly data?: Uint8Array | null
  }
}

/** What the broker itself wrote on the event. */
const OWN = [TTL, ARRIVAL, 'knativeerrordest', 'knativeerrorcode', 'knativeerrordata']

/** An event that is changed gets an id of its own unless it is given one: it is another event. */
export function createResend({
  ledger,
  intake,
}: {
  ledger: Ledger
  intake: Intake
}): (request: ResendRequest) => Promise<EventReference | undefined> {
  const { history } = ledger

  function find({ seq, id = '', source }: ResendRequest): EventRecord | undefined {
    return seq === undefined ? history.find(id, source) : history.at(seq)
  }

  return async request => {
    const found = find(request)
    if (!found) return undefined
    if (found.state === 'refused') {
      throw new EventError('an event that was refused is not kept: send it anew', 409)
    }
    const record = ledger.withBody(found)
    const cause = { ...reference(record.seq, record.attributes), how: 'resend' as const }
    return intake.accept(record.broker, edited(record, request.edit), {}, { cause })
  }
}

function edited(record: EventRecord, edit: ResendRequest['edit']): CloudEvent {
  const kept = Object.entries(record.attributes).filter(([name]) => !OWN.includes(name))
  const fresh = edit && edit.attributes?.id === undefined ? { id: crypto.randomUUID() } : {}
  const attributes = parseAttributes(
    Object.entries({ ...Object.fromEntries(kept), ...edit?.attributes, ...fresh }),
  )
  const data = edit?.data === undefined ? record.data : (edit.data ?? undefined)
  return { attributes, ...(data && { data }) }
}
