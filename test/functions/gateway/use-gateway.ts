/** One gateway for the tests of a file, before an upstream that answers as usual unless a test says how. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { afterAll, afterEach, beforeAll } from 'vitest'
import {
  type Answer,
  type Ask,
  type GatewayProcess,
  type Platform,
  startPlatform,
  type Upstream,
} from './fixture.ts'

/** What a test works with. */
export interface Gateway {
  readonly upstream: Upstream
  readonly port: number
  ask(path: string, ask?: Ask): Promise<Answer>
  /** Begins a request of a user, whose body is the test's to write and to end. */
  begin(
    path: string,
    method: 'GET' | 'POST',
    hear?: (incoming: IncomingMessage) => void,
  ): Promise<ClientRequest>
  /** Lets the upstream answer as usual again, which the end of each test does too. */
  reset(): void
}

export const JSON_TYPE = { 'content-type': 'application/json' } as const
export const MEMORIES = '/api/v1/memories'

/** Starts it before the first test and stops it after the last. */
export function useGateway(env: Record<string, string> = {}): Gateway {
  let platform: Platform
  let gateway: GatewayProcess
  let usual: Upstream['handle']

  beforeAll(async () => {
    platform = await startPlatform()
    usual = platform.upstream.handle
    gateway = await platform.startGateway({ API_RATE_LIMIT: '100000', ...env })
  })
  const reset = (): void => {
    platform.upstream.handle = usual
  }
  afterEach(reset)
  afterAll(() => platform.stop())

  return {
    get upstream() {
      return platform.upstream
    },
    get port() {
      return gateway.port
    },
    ask: (path, ask) => gateway.ask(path, ask),
    async begin(path, method, hear) {
      const authorization = `Bearer ${await platform.token('user')}`
      const headers = { ...(method === 'POST' && JSON_TYPE), authorization }
      const outgoing = request(
        { port: gateway.port, host: '127.0.0.1', path, method, headers },
        hear,
      )
      // Who waits for an answer hears of an error; who has left, or has the answer, need not.
      return outgoing.on('error', () => {})
    },
    reset,
  }
}
