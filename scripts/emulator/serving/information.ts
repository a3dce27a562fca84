/** Answers before the answer (RFC 9110 15.2): 102 and 103 pass, as through Go's reverse proxy. */
import type { ServerResponse } from 'node:http'
import { isHttp2 } from './client-message.ts'
import { toClientHeaders } from './forward-headers.ts'

const PROCESSING = 102
const EARLY_HINTS = 103

/** Passes one on; what cannot be passed is left out, for nobody may depend on it. */
export function relayInformation(
  response: ServerResponse,
  status: number,
  rawHeaders: readonly string[],
): void {
  if (status !== PROCESSING && status !== EARLY_HINTS) return
  const headers = toFields(toClientHeaders({ rawHeaders, connection: undefined }))
  try {
    if (isHttp2(response)) response.stream.additionalHeaders({ ...headers, ':status': status })
    // RFC 9110 15.2: a client of HTTP/1.0 knows none of them.
    else if (response.req.httpVersionMinor === 0) return
    else if (status === PROCESSING) response.writeProcessing()
    else response.writeEarlyHints({ ...headers, link: headers.link?.flatMap(toLinks) ?? [] })
  } catch {
    // Node takes well-formed links only.
  }
}

function toFields(raw: readonly string[]): Record<string, string[]> {
  const fields: Record<string, string[]> = {}
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    fields[name] = [...(fields[name] ?? []), raw[index + 1] ?? '']
  }
  return fields
}

/** Several may stand in one line. */
const toLinks = (line: string): string[] => line.split(/,\s*(?=<)/)
