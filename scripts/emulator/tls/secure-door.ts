/** A port that speaks TLS, before the server that speaks plain HTTP. */
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { Authority } from './authority.ts'

/** The listening port. */
export interface SecureDoor {
  readonly port: number
  close(): Promise<void>
}

/** Where a door listens, and whom its clients are to trust. */
export interface SecureDoorOptions {
  readonly port: number
  readonly host: string
  readonly authority: Authority
  /** Told of a connection that could not be accepted; the door stays open. */
  readonly onError: (error: Error) => void
}

/**
 * Listens; each connection goes on at `server` once its handshake is done, with HTTP/2 or HTTP/1.1 as the client wants.
 * @throws the error of the system, such as EADDRINUSE
 */
export function createSecureDoor(
  server: Server,
  { port, host, authority, onError }: SecureDoorOptions,
): Promise<SecureDoor> {
  const { certificate, key } = authority.fallback
  const shaking = new Set<Socket>()
  const door = createServer(
    {
      cert: certificate,
      key,
      ALPNProtocols: ['h2', 'http/1.1'],
      SNICallback: (name, tell) => {
        authority.contextFor(name).then(
          context => tell(null, context),
          (error: Error) => tell(error),
        )
      },
    },
    socket => server.emit('connection', socket),
  )
  door.on('connection', (socket: Socket) => {
    shaking.add(socket)
    socket.once('close', () => shaking.delete(socket))
  })
  // Somebody who speaks no TLS, or does not trust us.
  door.on('tlsClientError', (_error, socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    door.once('error', reject)
    door.listen({ port, host }, () => {
      door.off('error', reject)
      door.on('error', onError)
      resolve({
        port: (door.address() as AddressInfo).port,
        close: () =>
          new Promise(done => {
            door.close(() => done())
            for (const socket of shaking) socket.destroy()
          }),
      })
    })
  })
}
