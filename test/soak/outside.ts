/** A subscriber outside the emulator, which fails now and then and writes receipts as the functions do. */
import { mkdirSync, openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { toData } from './events.ts'
import type { Random } from './random.ts'

/** The listening subscriber. */
export interface Outside {
  readonly url: string
  close(): void
}

const FAILS = 0.05

/** Listens until closed, longer than any emulator. */
export async function openOutside(directory: string, random: Random): Promise<Outside> {
  mkdirSync(directory, { recursive: true })
  const receipts = openSync(join(directory, 'outside.receipts'), 'a')
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      if (random.chance(FAILS)) {
        response.writeHead(500).end('not now')
        return
      }
      const id = String(request.headers['ce-id'])
      const intact = Buffer.concat(chunks).toString() === JSON.stringify(toData(id))
      writeSync(receipts, `${JSON.stringify({ to: 'outside', id, intact })}\n`)
      response.writeHead(202).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
