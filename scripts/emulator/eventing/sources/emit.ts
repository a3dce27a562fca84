/** Sends a source's own events, with the retries of the sources' common client. */
import type { SourceObject } from '../../manifests/eventing-types.ts'
import { toBinary } from '../codec.ts'
import type { Surroundings } from '../controller.ts'
import { type CloudEvent, text } from '../event.ts'
import { isSuccess } from '../retries.ts'

/** An event with its way. */
export interface Emission {
  readonly source: SourceObject & { readonly kind: string }
  readonly url: string
  readonly event: CloudEvent
}

/** `ContextWithRetriesExponentialBackoff(ctx, 50*time.Millisecond, 5)`: 100, 200, 400, 800 and 1600 ms. */
const RETRIES = 5
const BACKOFF_MS = 50
/** What the SDK's HTTP protocol tries again; 0 is no answer at all. */
const RETRYABLE = new Set([0, 404, 425, 429, 502, 503, 504])
/** Real time for one attempt. */
const TIMEOUT_MS = 60_000

/** Resolves when the event was taken or is lost, which the log tells; gives up when `closing` is aborted. */
export async function emit(
  { clock, log, send, credentials }: Surroundings,
  { source, url, event }: Emission,
  closing: AbortSignal,
): Promise<void> {
  const message = toBinary(event)
  const { kind, namespace, name, sink } = source
  const from = { group: 'sources.knative.dev', kind, namespace, name }
  const headers = { ...message.headers, ...(await credentials(from, sink)) }
  const id = text(event, 'id')

  async function attempt(): Promise<number> {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(TIMEOUT_MS)])
    try {
      const { status } = await send({ url, method: 'POST', headers, body: message.body, signal })
      return status
    } catch {
      return 0
    }
  }

  for (let retry = 0; !closing.aborted; retry += 1) {
    const status = await attempt()
    if (isSuccess(status)) return log.info(name, `sent ${text(event, 'type')} to ${url}`, { id })
    if (closing.aborted) return
    if (retry === RETRIES || !RETRYABLE.has(status)) {
      const what = status === 0 ? 'no answer' : `status ${status}`
      return log.error(name, `event lost: ${what} of ${url} after ${retry + 1} tries`, { id })
    }
    await clock.sleep(BACKOFF_MS * 2 ** (retry + 1), closing).catch(() => {})
  }
}
