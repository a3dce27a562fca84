/** Requests from outside: to the ingress, with the host that the URL names. */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'

/** What to send. */
export interface Sending {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string
  readonly timeoutMs?: number
  /** Keeps the connection for the next request of the same agent. */
  readonly agent?: Agent
}

/** What came back. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Sends to whom `url` names, by way of `ingress`. */
export function sendThrough(ingress: string, url: string, sending: Sending = {}): Promise<Reply> {
  const { method = 'GET', headers = {}, body, timeoutMs = 30_000, agent } = sending
  const { host, pathname, search } = new URL(url)
  const [hostname, port] = ingress.split(':')
  const options = { hostname, port: port ?? 80, method, path: `${pathname}${search}` }
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { ...options, headers: { host, ...headers }, agent: agent ?? new Agent() },
      async answer => {
        const chunks: Buffer[] = []
        try {
          for await (const chunk of answer) chunks.push(chunk as Buffer)
        } catch (error) {
          reject(error)
        }
        const text = Buffer.concat(chunks).toString()
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text })
      },
    )
    outgoing.setTimeout(timeoutMs, () =>
      outgoing.destroy(new Error(`no answer in ${timeoutMs} ms from ${url}`)),
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
