/** A closed loop of HTTP requests over kept connections: so many at once, so many in all. */
import { Agent, request } from 'node:http'

/** What to send. */
export interface LoadOptions {
  url: string
  requests: number
  concurrency: number
  method?: string
  headers?: Record<string, string>
  /** The body and further headers of the n-th request. */
  make?: (n: number) => { headers?: Record<string, string>; body?: string }
  /** The status that each answer must have. */
  status: number
  /** Ends the loop early. */
  signal?: AbortSignal
}

/** What came of it. */
export interface LoadResult {
  perSecond: number
  /** Milliseconds of each request, in order of completion. */
  latencies: number[]
}

/** Runs the loop; @throws Error at the first answer with another status. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.concurrency })
  const latencies: number[] = []
  let next = 0
  const begun = performance.now()
  async function lane(): Promise<void> {
    while (next < options.requests) {
      options.signal?.throwIfAborted()
      const n = next++
      const sent = performance.now()
      const status = await ask(options, n, agent)
      latencies.push(performance.now() - sent)
      if (status !== options.status) throw new Error(`${options.url} answered ${status}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: options.concurrency }, lane))
    return { perSecond: (options.requests / (performance.now() - begun)) * 1000, latencies }
  } finally {
    agent.destroy()
  }
}

function ask(
  { url, method = 'GET', headers, make }: LoadOptions,
  n: number,
  agent: Agent,
): Promise<number> {
  const made = make?.(n)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method, agent, headers: { ...headers, ...made?.headers } },
      incoming => {
        incoming.resume()
        incoming.on('end', () => resolve(incoming.statusCode ?? 0))
        incoming.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(made?.body)
  })
}
