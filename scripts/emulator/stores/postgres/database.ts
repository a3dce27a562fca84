/** Opens PGlite on a folder so that neither a kill nor a wrong folder can lose data in silence. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type { Execute } from './multiplexer.ts'
import { message } from './wire.ts'

/** The open database. */
export interface Database {
  execute: Execute
  /** The ParameterStatus messages of this server. */
  greeting: Buffer
  close(): Promise<void>
}

/** The one database that exists; PGlite cannot switch. */
export const DATABASE = 'postgres'

/**
 * Opens (or makes) the database in `directory/data`.
 * @throws Error that names the folder and what to do
 */
export async function openDatabase(directory: string): Promise<Database> {
  const data = join(directory, 'data')
  const complete = join(directory, 'complete')
  // Written after the first boot: without it nothing was ever committed by a client.
  if (!existsSync(complete)) clearUnfinished(data)
  mkdirSync(data, { recursive: true, mode: 0o700 })
  if (existsSync(complete) && !existsSync(join(data, 'PG_VERSION'))) {
    throw corrupt(data, 'the file PG_VERSION is missing')
  }
  const complaints: string[] = []
  const pglite = new PGlite(data, {
    // PGlite turns fsync off by default (-F); a store that promises durability leaves it on.
    startParams: PGlite.defaultStartParams.filter(parameter => parameter !== '-F'),
    onStderr: line => {
      if (/(PANIC|FATAL|ERROR):/.test(line))
        complaints.push(line.replace(/^.*?(PANIC|FATAL|ERROR):\s*/, ''))
      if (complaints.length > 5) complaints.shift()
      return false
    },
  })
  try {
    await pglite.waitReady
  } catch (cause) {
    throw corrupt(data, complaints.at(-1) ?? String((cause as Error).message ?? cause), cause)
  }
  const execute = createExecute(pglite)
  const startup = Buffer.from(
    `\0\0\0\0\0\x03\0\0user\0postgres\0database\0${DATABASE}\0\0`,
    'latin1',
  )
  startup.writeInt32BE(startup.length)
  const greeting = keepParameterStatus(await execute(startup))
  if (!existsSync(complete))
    writeFileSync(complete, `${new Date().toISOString()}\n`, { mode: 0o600 })
  return { execute, greeting, close: () => pglite.close() }
}

function createExecute(pglite: PGlite): Execute {
  return async messages => {
    const chunks: Buffer[] = []
    await pglite.execProtocolRawStream(messages, {
      syncToFs: false,
      // The bytes are a view of WebAssembly memory: copy before the next call.
      onRawData: bytes => chunks.push(Buffer.from(bytes)),
    })
    return Buffer.concat(chunks)
  }
}

function clearUnfinished(data: string): void {
  if (!existsSync(data)) return
  if (readdirSync(data).length > 0 && !existsSync(join(data, 'PG_VERSION'))) {
    const foreign = readdirSync(data).find(
      name => !/^(pg_|base$|global$|post(gresql|master)\.|PG_)/.test(name),
    )
    if (foreign) throw corrupt(data, `it holds "${foreign}", which is not PostgreSQL's`)
  }
  rmSync(data, { recursive: true, force: true })
}

function corrupt(data: string, reason: string, cause?: unknown): Error {
  return new Error(
    `"${data}" must be a PostgreSQL data folder that opens, got: ${reason}; nothing was deleted: move it away to keep it, or start with --fresh`,
    { cause },
  )
}

function keepParameterStatus(answer: Buffer): Buffer {
  const kept: Buffer[] = []
  for (let at = 0; answer.length - at >= 5; at += 1 + answer.readInt32BE(at + 1)) {
    const size = 1 + answer.readInt32BE(at + 1)
    if (answer[at] === 0x53) kept.push(message('S', answer.subarray(at + 5, at + size)))
  }
  return Buffer.concat(kept)
}
