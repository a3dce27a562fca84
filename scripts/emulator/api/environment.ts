/** A function's own environment, Secrets included: for whoever has the token. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isBearer } from './kubernetes/access.ts'

/** What the route needs. */
export interface EnvironmentOptions {
  readonly token: string
  /** By `<name>` or `<namespace>/<name>`; undefined when there is no such function, or more than one. */
  readonly environmentOf: (name: string) => Promise<Readonly<Record<string, string>> | undefined>
}

/** The route `GET environment?service=<name>`. */
export function createEnvironmentRoute({
  token,
  environmentOf,
}: EnvironmentOptions): (
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<unknown> {
  return async (url, request, response) => {
    const send = (status: number, body: unknown): void =>
      void response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(body))
    if (!isBearer(request, token)) return send(401, { error: 'the token is missing or wrong' })
    const name = url.searchParams.get('service') ?? ''
    const environment = await environmentOf(name)
    if (environment) send(200, { environment })
    else send(404, { error: `there is no one function ${JSON.stringify(name)}` })
  }
}
