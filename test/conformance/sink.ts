/** Where rules let events go: one probe for all, in which each sink is a path of its own. */
import type { Observe } from './observe.ts'
import type { Probe } from './probe.ts'

/** How a sink answers: one answer for each request, the last for all that follow. */
export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Negative: never. */
  readonly delayMs?: number
  /** Answers with the event that it got. */
  readonly echo?: boolean
}

/** A place that remembers what it was sent. */
export interface Sink {
  /** As functions and triggers name it. */
  readonly uri: string
  readonly received: () => Promise<Received[]>
  /** Waits for so many, at least. */
  readonly waitFor: (count: number, limitMs?: number) => Promise<Received[]>
  /** What it has once nothing more comes. */
  readonly steady: () => Promise<Received[]>
  /** Answers otherwise from the next request on. */
  readonly answer: (answers: readonly Answer[]) => Promise<void>
}

/** A request that came to a sink. */
export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly rawHeaders: readonly string[]
  readonly body: string
  /** Milliseconds of the probe's own clock. */
  readonly at: number
}

/** How long nothing must come for it to be all. */
const QUIET_MS = 400

/** Opens the sink `key` of `recorder`. */
export async function openSink(
  recorder: Probe,
  key: string,
  answers: readonly Answer[],
  observe: Observe,
  patience: number,
): Promise<Sink> {
  const internal = recorder.resource.status?.address?.url ?? ''
  const received = async (): Promise<Received[]> =>
    JSON.parse((await recorder.request(`/received/${key}`)).text) as Received[]
  const answer = async (answers: readonly Answer[]): Promise<void> => {
    await recorder.request(`/script/${key}`, { method: 'PUT', body: JSON.stringify(answers) })
  }
  await answer(answers)
  return {
    uri: `${internal}/sink/${key}`,
    received,
    answer,
    steady: () =>
      observe.until('nothing more comes to a sink', async () => {
        const before = (await received()).length
        await new Promise(resolve => setTimeout(resolve, QUIET_MS * patience))
        const after = await received()
        return after.length === before && after
      }),
    waitFor: (count, limitMs) =>
      observe.until(
        `${count} requests at a sink`,
        async () => {
          const list = await received()
          return list.length >= count && list
        },
        limitMs,
      ),
  }
}
