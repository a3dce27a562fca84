/** Answers the probes of Knative's own parts, which never reach a function nor count as requests of it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Revision } from './revision.ts'

/** Takes a request with the header `K-Network-Probe`, as the part that it would meet first does. */
export function answerNetworkProbe(
  revision: Revision,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const asked = String(request.headers['k-network-probe'])
  const { status, text, headers } = toAnswer(revision, asked, request.headers['k-network-hash'])
  request.resume()
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers })
  response.end(request.method === 'HEAD' ? undefined : text)
}

interface ProbeAnswer {
  readonly status: number
  readonly text: string
  readonly headers?: Record<string, string>
}

function toAnswer(
  revision: Revision,
  asked: string,
  hash: string | string[] | undefined,
): ProbeAnswer {
  // Of the ingress controller, which wants to know the version of the route (networking pkg/http/probe).
  if (asked === 'probe') {
    return hash
      ? { status: 200, text: '', headers: { 'K-Network-Hash': String(hash) } }
      : { status: 400, text: 'a probe request must contain a non-empty "K-Network-Hash" header\n' }
  }
  const first = revision.proxied() ? 'activator' : 'queue'
  if (asked !== first) {
    return { status: 400, text: `unexpected probe header value: ${JSON.stringify(asked)}\n` }
  }
  if (first === 'activator') return { status: 200, text: first }
  const { ready, draining } = revision.numbers()
  if (ready > 0) return { status: 200, text: first }
  return { status: 503, text: draining > 0 ? 'shutting down\n' : 'queue not ready\n' }
}
