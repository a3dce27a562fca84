/** The broker on a port of its own, for clients that cannot set a Host header. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Eventing } from './eventing/eventing.ts'
import { isOwnHost, isOwnOrigin } from './own-host.ts'
import { closeServer, listen } from './stores/listen.ts'

/** The listening door. */
export interface BrokerDoor {
  readonly port: number
  close(): Promise<void>
}

const BROKER_HOST = 'broker-ingress.knative-eventing.svc.cluster.local'

/** Listens on `port`, or any free one. @throws PortInUseError */
export async function openBrokerDoor(
  eventing: Eventing,
  port: number | undefined,
): Promise<BrokerDoor> {
  const server = createServer(toBroker(eventing))
  return { port: await listen(server, port), close: () => closeServer(server) }
}

/** The broker whatever own address it is asked by. */
function toBroker(eventing: Eventing) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const { host = '', origin } = request.headers
    const isOwn = isOwnHost(host) || eventing.isBroker(host)
    // A page of another site must reach it neither by name (DNS rebinding) nor by script.
    if (!isOwn || !isOwnOrigin(origin)) {
      request.resume()
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' })
      response.end('requests of other sites are refused')
    } else eventing.handler(BROKER_HOST, request, response)
  }
}
