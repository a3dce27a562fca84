/** Free loopback ports for replicas, found ahead of need so that a cold start does not wait for one. */
import { createServer } from 'node:net'

/** Hands out ports that nobody else listens on. */
export interface Ports {
  take(): Promise<number>
  give(port: number): void
}

/** Below the range that Linux gives to outgoing connections, which could otherwise take one in between. */
const FIRST_PORT = 18_000
const PORT_COUNT = 14_000
const MAX_TRIES = 200

/** A source of ports with one spare always at hand. */
export function createPorts(): Ports {
  const taken = new Set<number>()
  let spare: Promise<number> = find()
  spare.catch(() => {})

  async function find(): Promise<number> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT)
      if (taken.has(port)) continue
      taken.add(port)
      if (await isFree(port)) return port
      taken.delete(port)
    }
    throw new Error(`no free port between ${FIRST_PORT} and ${FIRST_PORT + PORT_COUNT}`)
  }

  return {
    take: () => {
      const port = spare
      spare = find()
      spare.catch(() => {})
      return port
    },
    give: port => void taken.delete(port),
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true))
    })
  })
}
