/** An HTTP server before an eventing part, and a way to post to it. */
import { createServer, request as httpRequest } from 'node:http'
import { onTestFinished } from 'vitest'
import { closeServer, listen } from '../../../../scripts/emulator/stores/listen.ts'
import type { Bench } from './fixture.ts'

/** What was answered. */
export interface Reply {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** Sends requests to the eventing part that the bench has at that time. */
export interface Posting {
  port: number
  /** With the host of the broker, unless headers say otherwise. */
  call(
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: string | Buffer,
  ): Promise<Reply>
  /** A binary event of id 1, source /s and type t, unless headers say otherwise. */
  post(path: string, headers?: Record<string, string>, body?: string | Buffer): Promise<Reply>
}

/** An event of no data in binary mode. */
export const BINARY: Readonly<Record<string, string>> = {
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': '/s',
  'ce-type': 't',
}

/** Listens until the test ends. */
export async function posting(bench: Bench): Promise<Posting> {
  const server = createServer((request, response) => {
    if (bench.eventing.handler(request.headers.host ?? '', request, response)) return
    response.writeHead(418).end('not the broker')
  })
  const port = await listen(server)
  onTestFinished(() => closeServer(server))
  const call: Posting['call'] = (method, path, headers = {}, body = '') =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        port,
        host: '127.0.0.1',
        method,
        path,
        headers: { host: 'broker.localhost', ...headers },
        agent: false,
      })
      outgoing.on('error', reject)
      outgoing.on('response', async response => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk as Buffer)
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
      })
      outgoing.end(body)
    })
  return {
    port,
    call,
    post: (path, headers, body) => call('POST', path, { ...BINARY, ...headers }, body),
  }
}
