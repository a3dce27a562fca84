/** Asks a running emulator for its events. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseSse } from '../../shared/sse.ts'
import type { EventRecord, EventReference, EventState, Fact } from '../emulator/eventing/records.ts'
import { readEnv } from './env-file.ts'

/** One event as `/_emulator/event` shows it. */
export interface ShownEvent extends Omit<EventRecord, 'data'> {
  readonly data?: unknown
  readonly data_base64?: string
  readonly causes: readonly EventReference[]
  readonly children: readonly (EventReference & {
    readonly broker: string
    readonly state: EventState
    readonly how?: string
    readonly trigger?: string
  })[]
}

/** The ledger over HTTP. */
export interface EventsClient {
  list(filters: Readonly<Record<string, string>>): Promise<{ events: EventRecord[]; next?: number }>
  /** By id, or by number, with or without `#`. */
  show(event: string): Promise<ShownEvent>
  resend(body: Readonly<Record<string, unknown>>): Promise<EventReference>
  purge(filters: Readonly<Record<string, string>>): Promise<{ deleted: number }>
  /** Until the emulator ends or `signal` is aborted. */
  follow(signal: AbortSignal): AsyncIterable<Fact>
}

/** A mistake of the user: told without a stack. */
export class EventsError extends Error {
  override readonly name = 'EventsError'
}

/**
 * Finds the emulator that runs on a state folder.
 * @throws EventsError when none does, saying how to start one
 */
export function createEventsClient(stateDirectory: string): EventsClient {
  const file = join(stateDirectory, 'env')
  const url = existsSync(file) ? readEnv(file).GATEWAY_URL : undefined
  if (url === undefined) throw new EventsError(noneRuns(stateDirectory))

  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response
    try {
      response = await fetch(`${url}/_emulator/${path}`, init)
    } catch (cause) {
      if (init.signal?.aborted) throw cause
      throw new EventsError(noneRuns(stateDirectory), { cause })
    }
    if (response.ok) return response
    const { error = `the emulator answered ${response.status}` } = (await response
      .json()
      .catch(() => ({}))) as { error?: string }
    throw new EventsError(error)
  }

  async function json<T>(path: string, init?: RequestInit): Promise<T> {
    // The emulator and this file are of one version.
    return (await (await ask(path, init)).json()) as T
  }

  /** Digits may be an id too, and an id comes first. */
  async function show(event: string): Promise<ShownEvent> {
    const [, mark, seq] = /^(#?)(\d{1,15})$/.exec(event) ?? []
    const byId = (): Promise<ShownEvent> => json(`event?${new URLSearchParams({ id: event })}`)
    if (seq === undefined) return byId()
    const bySeq = (): Promise<ShownEvent> => json(`event?seq=${seq}`)
    return mark === '#' ? bySeq() : byId().catch(bySeq)
  }

  async function* follow(signal: AbortSignal): AsyncGenerator<Fact> {
    const { body } = await ask('facts', { signal })
    if (!body) return
    try {
      for await (const { event, data } of parseSse(body as unknown as AsyncIterable<Uint8Array>)) {
        if (event === 'event') yield JSON.parse(data) as Fact
      }
    } catch (error) {
      if (!signal.aborted) throw new EventsError('the emulator has stopped', { cause: error })
    }
  }

  return {
    list: filters => json(`events?${new URLSearchParams({ limit: '20', ...filters })}`),
    show,
    resend: body =>
      json('events/resend', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    purge: filters => json(`events?${new URLSearchParams(filters)}`, { method: 'DELETE' }),
    follow,
  }
}

const noneRuns = (directory: string): string =>
  `no emulator runs on ${directory}: start one with npm start, or name its folder with --state-dir`
