/** What only the embedded database promises: folders, crashes, and a backend that all clients share. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLog } from '../../../../../scripts/emulator/log.ts'
import { startPostgres } from '../../../../../scripts/emulator/stores/postgres/postgres.ts'
import { copyTemplate } from '../../../../fixtures/database-template.ts'

const log = createLog({ write: () => {} })
const module = new URL(
  '../../../../../scripts/emulator/stores/postgres/postgres.ts',
  import.meta.url,
).href
let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aiwfe-pg-'))
  await copyTemplate(directory)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

it('has every committed row after kill -9 in the middle of writes', {
  timeout: 120_000,
}, async () => {
  const server = `
    import { startPostgres } from ${JSON.stringify(module)}
    const store = await startPostgres({ directory: ${JSON.stringify(directory)}, password: 'secret', log: { info() {}, warn() {}, error() {}, output() {} } })
    console.log(store.url)`
  const writer = `
    import postgres from ${JSON.stringify(import.meta.resolve('postgres'))}
    const sql = postgres(process.argv[1], { max: 1, onnotice: () => {} })
    await sql\`CREATE TABLE IF NOT EXISTS entry (n int PRIMARY KEY, pad text)\`
    for (let n = Number(process.argv[2]); ; n++) {
      await sql\`INSERT INTO entry VALUES (\${n}, repeat('x', 500)) ON CONFLICT DO NOTHING\`
      process.stdout.write(n + '\\n')
    }`
  let committed = 0
  for (let round = 0; round < 2; round++) {
    const database = run(server)
    const [url] = await once(createInterface(database.stdout), 'line')
    const client = run(writer, url, String(committed + 1))
    const until = committed + 30 + Math.floor(Math.random() * 100)
    for await (const line of createInterface(client.stdout)) {
      committed = Number(line)
      if (committed !== until) continue
      database.kill('SIGKILL')
      client.kill('SIGKILL')
    }
    expect(committed).toBeGreaterThanOrEqual(until)
    if (database.signalCode === null) await once(database, 'exit')
  }
  const store = await startPostgres({ directory, password: 'secret', log })
  const sql = postgres(store.url, { max: 1 })
  try {
    expect((await sql`SELECT count(*)::int AS n FROM entry WHERE n <= ${committed}`)[0]?.n).toBe(
      committed,
    )
  } finally {
    await sql.end()
    await store.close()
  }
})

it('refuses a second start on a folder in use, then opens it when it is free, on the port it had', async () => {
  const store = await startPostgres({ directory, password: 'a', log })
  await expect(startPostgres({ directory, password: 'a', log })).rejects.toThrow(
    `"${directory}" must be free, got a folder in use by process ${process.pid}`,
  )
  await store.close()
  const again = await startPostgres({ directory, password: 'b', log, port: store.port })
  expect(again.port).toBe(store.port)
  const sql = postgres(again.url, { max: 1 })
  expect((await sql`SELECT 1 AS n`)[0]?.n).toBe(1)
  await sql.end()
  await again.close()
})

it('names the folder and --fresh when the data is damaged, and deletes nothing', async () => {
  const store = await startPostgres({ directory, password: 'a', log })
  await store.close()
  const control = join(directory, 'data', 'global', 'pg_control')
  await truncate(control, 100)
  await expect(startPostgres({ directory, password: 'a', log })).rejects.toThrow(
    /"[^"]+data" must be a PostgreSQL data folder that opens, got: .+--fresh/,
  )
  expect(existsSync(control)).toBe(true)
  await rm(join(directory, 'data', 'PG_VERSION'))
  await expect(startPostgres({ directory, password: 'a', log })).rejects.toThrow(
    'the file PG_VERSION is missing',
  )
  expect(existsSync(control)).toBe(true)
})

it('does not take a folder that holds something else', async () => {
  const other = join(directory, 'other')
  await mkdir(join(other, 'data'), { recursive: true })
  await writeFile(join(other, 'data', 'thesis.txt'), 'years of work')
  await expect(startPostgres({ directory: other, password: 'a', log })).rejects.toThrow(
    'it holds "thesis.txt"',
  )
  expect(existsSync(join(other, 'data', 'thesis.txt'))).toBe(true)
})

it('ends a transaction that idles while others wait, with the reason', async () => {
  const store = await startPostgres({ directory, password: 'a', log, idleInTransactionMs: 100 })
  const sql = postgres(store.url, { max: 1 })
  await sql`CREATE TABLE held (n int)`
  // In a process of its own: the client throws outside any promise when its transaction is cut.
  const holder = run(
    `
    import postgres from ${JSON.stringify(import.meta.resolve('postgres'))}
    const sql = postgres(process.argv[1], { max: 1, onclose: () => process.stdout.write('closed\\n') })
    await sql.begin(async tx => {
      await tx\`INSERT INTO held VALUES (1)\`
      process.stdout.write('open\\n')
      await new Promise(() => setInterval(() => {}, 1000))
    })`,
    store.url,
  )
  const lines = createInterface(holder.stdout)[Symbol.asyncIterator]()
  try {
    expect((await lines.next()).value).toBe('open')
    expect((await sql`SELECT count(*)::int AS n FROM held`)[0]?.n).toBe(0)
    expect((await lines.next()).value).toBe('closed')
  } finally {
    holder.kill('SIGKILL')
    await sql.end()
    await store.close()
  }
})

it('ends the connection of a role that is gone, and runs its statement as nobody else', async () => {
  const store = await startPostgres({ directory, password: 'a', log })
  const owner = postgres(store.url, { max: 1, onnotice: () => {} })
  await owner`CREATE ROLE guest LOGIN PASSWORD 'guest'`
  await owner`CREATE TABLE secret (n int)`
  const guest = postgres(store.url.replace('postgres:a@', 'guest:guest@'), { max: 1 })
  try {
    expect((await guest`SELECT current_user AS name`)[0]?.name).toBe('guest')
    await owner`DROP ROLE guest`
    await expect(guest`SELECT * FROM secret`).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' })
    expect((await owner`SELECT 1 AS n`)[0]?.n).toBe(1)
  } finally {
    await guest.end({ timeout: 0 })
    await owner.end()
    await store.close()
  }
})

it('says that COPY FROM STDIN is not supported and goes on', async () => {
  const store = await startPostgres({ directory, password: 'a', log })
  const sql = postgres(store.url, { max: 1 })
  try {
    await expect(sql.unsafe('COPY pg_class FROM STDIN')).rejects.toMatchObject({
      code: '0A000',
      message: 'COPY FROM STDIN is not supported by the embedded database',
    })
    expect((await sql`SELECT 1 AS n`)[0]?.n).toBe(1)
  } finally {
    await sql.end()
    await store.close()
  }
})

function run(script: string, ...args: string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, ['--input-type=module', '-e', script, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}
