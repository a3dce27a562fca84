/** Two clients of one backend at the level of messages: what drivers other than `postgres` may send. */
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import {
  type Client,
  createMultiplexer,
  type Multiplexer,
} from '../../../../../scripts/emulator/stores/postgres/multiplexer.ts'
import {
  message,
  queryMessage,
  readReply,
  syncMessage,
} from '../../../../../scripts/emulator/stores/postgres/wire.ts'

let pglite: PGlite
let multiplexer: Multiplexer

beforeAll(async () => {
  pglite = await PGlite.create()
  multiplexer = createMultiplexer(async messages => {
    const chunks: Buffer[] = []
    await pglite.execProtocolRawStream(messages, {
      syncToFs: false,
      onRawData: bytes => chunks.push(Buffer.from(bytes)),
    })
    return Buffer.concat(chunks)
  })
})
afterAll(async () => {
  await multiplexer.close()
  await pglite.close()
})

interface Driver {
  send(...messages: Buffer[]): void
  /** All rows and errors since the last call, once the backend said that it is ready. */
  answer(): Promise<(string | null)[]>
  client: Client
}

let [a, b]: [Driver, Driver] = [connect(), connect()]
beforeEach(() => {
  ;[a, b] = [connect(), connect()]
})

function connect(): Driver {
  let received: Buffer = Buffer.alloc(0)
  let client: Client | undefined
  const join = (): Client => {
    client ??= multiplexer.join(
      { user: 'postgres', role: 'none', parameters: new Map() },
      {
        write: bytes => {
          received = Buffer.concat([received, bytes])
        },
        expire: () => {},
        refuse: () => {},
      },
    )
    return client
  }
  return {
    get client() {
      return join()
    },
    send: (...messages) => {
      for (const part of messages) join().accept(part)
    },
    async answer() {
      await expect
        .poll(() => readReply(received).status, { interval: 2, timeout: 5_000 })
        .toBeDefined()
      const { rows, error } = readReply(received, { rows: true })
      received = Buffer.alloc(0)
      return [...rows.flat(), ...(error ? [error] : [])]
    },
  }
}

const parse = (name: string, sql: string): Buffer =>
  message('P', `${name}\0${sql}\0`, Buffer.alloc(2))
const bind = (name: string): Buffer => message('B', `\0${name}\0`, Buffer.alloc(6))
const execute = (): Buffer => message('E', '\0', Buffer.alloc(4))

it('keeps two statements of one name apart, and frees them with their client', async () => {
  a.send(parse('s1', "SELECT 'of a'"), syncMessage())
  b.send(parse('s1', "SELECT 'of b'"), syncMessage())
  await Promise.all([a.answer(), b.answer()])
  for (let round = 0; round < 2; round++) {
    a.send(bind('s1'), execute(), syncMessage())
    b.send(bind('s1'), execute(), syncMessage())
    expect(await a.answer()).toEqual(['of a'])
    expect(await b.answer()).toEqual(['of b'])
  }
  a.client.leave()
  expect(await multiplexer.query('SELECT count(*) FROM pg_prepared_statements')).toEqual([['1']])
  b.client.leave()
  expect(await multiplexer.query('SELECT count(*) FROM pg_prepared_statements')).toEqual([['0']])
})

it('keeps an unnamed statement for its client while others prepare theirs', async () => {
  a.send(parse('', "SELECT 'unnamed of a'"), syncMessage())
  await a.answer()
  b.send(parse('', "SELECT 'unnamed of b'"), bind(''), execute(), syncMessage())
  expect(await b.answer()).toEqual(['unnamed of b'])
  a.send(bind(''), execute(), syncMessage())
  expect(await a.answer()).toEqual(['unnamed of a'])
  b.send(queryMessage('SELECT 1'))
  await b.answer()
  a.send(bind(''), execute(), syncMessage())
  expect(await a.answer()).toEqual(['unnamed of a'])
})

it('prepares a statement again after another client discarded all', async () => {
  a.send(parse('kept', "SELECT 'still here'"), syncMessage())
  await a.answer()
  b.send(queryMessage('DISCARD ALL'))
  await b.answer()
  a.send(bind('kept'), execute(), syncMessage())
  expect(await a.answer()).toEqual(['still here'])
})

it('answers one error for a failed extended query, skips to its Sync, and lets the next client in', async () => {
  a.send(parse('', 'SELECT * FROM nothing_here'), bind(''), execute(), syncMessage())
  b.send(queryMessage("SELECT 'b goes on'"))
  expect(await a.answer()).toEqual(['relation "nothing_here" does not exist'])
  expect(await b.answer()).toEqual(['b goes on'])
})

it('gives the backend to nobody else between Flush and Sync', async () => {
  a.send(parse('', "SELECT 'after flush'"), message('D', 'S\0'), message('H'))
  b.send(queryMessage("SELECT 'b'"))
  a.send(bind(''), execute(), syncMessage())
  expect(await a.answer()).toEqual(['after flush'])
  expect(await b.answer()).toEqual(['b'])
})

it('rolls back for a client that left, also one that left in the middle of an extended query', async () => {
  a.send(queryMessage('CREATE TABLE IF NOT EXISTS left_behind (n int)'))
  await a.answer()
  a.send(queryMessage('BEGIN; INSERT INTO left_behind VALUES (1)'))
  await a.answer()
  a.send(parse('', 'SELECT 1'), message('H'))
  a.client.leave()
  b.send(queryMessage('SELECT count(*) FROM left_behind'))
  expect(await b.answer()).toEqual(['0'])
})
