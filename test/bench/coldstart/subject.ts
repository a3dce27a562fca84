/** What a cold start is measured of, and how it is asked. */
import { request } from 'node:http'
import type { ServerCommand } from '../processes.ts'
import type { Located } from './zero.ts'

/** A function that can be asked at zero. */
export interface ColdSubject extends Located {
  readonly name: string
  /** Whether a request is answered, or an event delivered. */
  readonly isRequest: boolean
  /** Its process, to be started bare, with the request that it is asked. */
  command(): Promise<ServerCommand>
  /** Asks through the emulator; resolves with the milliseconds until the answer, or the delivery. */
  ask(): Promise<number>
}

/** An emulator with its subjects. */
export interface Opened {
  readonly subjects: readonly ColdSubject[]
  close(): Promise<void>
}

/** Milliseconds until the whole answer, on a connection of its own, as a bare process is asked. */
export async function timed(
  url: string,
  host: string,
  { request: asked, status }: ServerCommand,
): Promise<number> {
  const begun = performance.now()
  await send(url, { ...asked, headers: { ...asked.headers, host } }, status)
  return performance.now() - begun
}

/** One request on a connection of its own. @throws Error when its answer has another status */
export function send(
  url: string,
  { method, path, headers = {}, body }: ServerCommand['request'],
  status: number,
): Promise<void> {
  const target = path === '/' ? url : new URL(path, url)
  return new Promise((resolve, reject) => {
    const outgoing = request(target, { method, headers, agent: false }, incoming => {
      incoming.resume()
      incoming.on('error', reject)
      incoming.on('end', () => {
        if (incoming.statusCode === status) resolve()
        else reject(new Error(`${target} answered ${incoming.statusCode}`))
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
