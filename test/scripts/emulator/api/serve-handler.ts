/** A handler of the ingress on a port of its own, without the ingress. */
import { createServer } from 'node:http'
import { onTestFinished } from 'vitest'
import type { HostHandler } from '../../../../scripts/emulator/network.ts'
import { closeServer, listen } from '../../../../scripts/emulator/stores/listen.ts'

/** Serves it until the test has ended; what it does not take is answered 418. */
export async function serveHandler(handler: HostHandler): Promise<number> {
  const server = createServer((request, response) => {
    if (!handler(request.headers.host ?? '', request, response)) response.writeHead(418).end('{}')
  })
  const port = await listen(server)
  onTestFinished(() => closeServer(server))
  return port
}
