/** Binds a store to loopback, on the port it had last time when that is still free. */
import type { Server } from 'node:net'

/** Listens on 127.0.0.1 at `port`, or at any free port when it is taken or absent; resolves to the port bound. */
export async function listen(server: Server, port = 0): Promise<number> {
  try {
    return await bind(server, port)
  } catch (error) {
    if (port === 0 || !isTaken(error)) throw error
    return bind(server, 0)
  }
}

/** Stops listening and drops the connections that are open. */
export function closeServer(server: Server & { closeAllConnections?: () => void }): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections?.()
  })
}

function bind(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(error)
    server.once('error', onError)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', onError)
      // A connection that the system could not accept costs its client alone.
      server.on('error', () => {})
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new Error('server has no port'))
      else resolve(address.port)
    })
  })
}

function isTaken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'EADDRINUSE' || code === 'EACCES'
}
