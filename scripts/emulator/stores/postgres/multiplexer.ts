/** Lends the one embedded backend to many clients: each has it for the span of a transaction, in turn. */
import {
  applySettings,
  callsSetConfig,
  captureSettings,
  changedSettings,
  customNames,
  fingerprint,
  readSettings,
  type SessionSettings,
  SUPERUSER,
} from './settings.ts'
import { type BackendStatements, createClientStatements } from './statements.ts'
import { queryMessage, type Reply, readReply, syncMessage, TYPE } from './wire.ts'

/** Runs messages in the backend and resolves to all it answered. */
export type Execute = (messages: Buffer) => Promise<Buffer>

/** Where a client's answers go. */
export interface Sink {
  write(bytes: Buffer): void
  /** Ends the client for holding a transaction open, idle, while others wait. */
  expire(): void
  /** Ends the client whose session cannot be taken up again: its role is gone, say. */
  refuse(reason: string): void
}

/** One client of the multiplexer. */
export interface Client {
  /** Takes a whole message from the client. */
  accept(message: Buffer): void
  /** Rolls back what is open, frees the statements, leaves the queue. */
  leave(): void
}

/** The shared backend. */
export interface Multiplexer {
  join(settings: SessionSettings, sink: Sink): Client
  /** Runs a query as the superuser between transactions. @throws Error with the database's message */
  query(sql: string): Promise<(string | null)[][]>
  /** Checks that `settings` can be applied; resolves to the database's message when they cannot. */
  check(settings: SessionSettings): Promise<string | undefined>
  /** Resolves when what runs now has ended; nothing runs after. */
  close(): Promise<void>
}

interface Turn {
  /** Does one piece of work; resolves to whether the backend must stay with this turn's owner. */
  run(): Promise<boolean>
  /** Whether there is work at once. */
  ready(): boolean
  expire(): void
}

/** Makes a multiplexer over `execute`, which must not be called by others. */
export function createMultiplexer(
  execute: Execute,
  { idleInTransactionMs = 15_000 }: { idleInTransactionMs?: number } = {},
): Multiplexer {
  const root: SessionSettings = { user: SUPERUSER, role: 'none', parameters: new Map() }
  const statements: BackendStatements = { live: new Set(), unnamedOwner: undefined }
  const waiting: Turn[] = []
  let owner: Turn | undefined
  let current = fingerprint(root)
  let clients = 0
  let pumping: Promise<void> = Promise.resolve()
  let running = false
  let idle: NodeJS.Timeout | undefined
  let closed = false

  function wake(turn: Turn): void {
    if (closed) return
    if (turn !== owner && !waiting.includes(turn)) waiting.push(turn)
    if (running) return
    if (owner && !owner.ready()) watchIdleOwner()
    else pumping = pump()
  }

  async function pump(): Promise<void> {
    running = true
    while (!closed) {
      owner ??= waiting.shift()
      if (!owner?.ready()) break
      const turn = owner
      stopIdleWatch()
      const stays = await turn.run()
      if (!stays) owner = undefined
      if (!stays && turn.ready() && !waiting.includes(turn)) waiting.push(turn)
      // Lets the sockets be read between two pieces of work: the backend blocks this thread.
      await new Promise(resolve => setImmediate(resolve))
    }
    running = false
    watchIdleOwner()
  }

  /** A transaction left open would stop every other client: PostgreSQL's idle_in_transaction_session_timeout. */
  function watchIdleOwner(): void {
    if (closed || idle || !owner || waiting.length === 0) return
    const suspect = owner
    idle = setTimeout(() => {
      idle = undefined
      if (owner === suspect && !suspect.ready() && waiting.length > 0) suspect.expire()
    }, idleInTransactionMs)
    idle.unref()
  }

  function stopIdleWatch(): void {
    if (idle) clearTimeout(idle)
    idle = undefined
  }

  async function become(settings: SessionSettings): Promise<Reply> {
    const wanted = fingerprint(settings)
    if (wanted === current) return { status: 'I', tags: [], rows: [], error: undefined }
    current = ''
    statements.unnamedOwner = undefined
    const reply = readReply(await execute(applySettings(settings)))
    if (!reply.error) current = wanted
    return reply
  }

  function enqueue<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let done = false
      wake({
        ready: () => !done,
        expire: () => {},
        run: async () => {
          done = true
          await work().then(resolve, reject)
          return false
        },
      })
    })
  }

  function join(initial: SessionSettings, sink: Sink): Client {
    let settings = initial
    let inbox: Buffer[] = []
    let complete = 0
    let holds = false
    let gone = false
    let leaving = false
    let touched = false
    const custom = new Set<string>()
    const own = createClientStatements(++clients, statements)

    const turn: Turn = { ready: () => complete > 0 || leaving, run, expire: () => sink.expire() }

    async function run(): Promise<boolean> {
      if (leaving) return clear()
      const refused = holds ? undefined : (await become(settings)).error
      if (refused !== undefined) {
        // Going on would run its statements as whoever was there before.
        complete = 0
        inbox = []
        sink.refuse(refused)
        return false
      }
      holds = await forward(takeBatch())
      return holds
    }

    async function clear(): Promise<boolean> {
      leaving = false
      // Sync ends a half-sent extended query; ROLLBACK outside a transaction is only a warning.
      if (holds) await execute(Buffer.concat([syncMessage(), queryMessage('ROLLBACK')]))
      if (holds && touched) current = ''
      holds = false
      const closing = own.dispose()
      if (closing.length > 0) await execute(Buffer.concat([...closing, syncMessage()]))
      return false
    }

    /** Up to the first message that makes the backend answer. */
    function takeBatch(): Buffer[] {
      const end = inbox.findIndex(part => ANSWERED.has(part[0] ?? 0))
      const batch = inbox.slice(0, end + 1)
      inbox = inbox.slice(end + 1)
      complete--
      return batch
    }

    async function forward(batch: Buffer[]): Promise<boolean> {
      const translated: Buffer[] = []
      for (const part of batch) {
        const { before, translated: next, statement } = own.translate(part)
        if (statement && callsSetConfig(statement)) note([...batch, statement])
        if (before.length > 0) {
          // What ran so far is answered first; then the statement is prepared again, unseen unless it fails.
          if (translated.length > 0) sink.write(await execute(Buffer.concat(translated.splice(0))))
          const answer = await execute(Buffer.concat(before))
          if (readReply(answer).error) sink.write(answer)
        }
        translated.push(next)
      }
      const answer = await execute(Buffer.concat(translated))
      sink.write(answer)
      const reply = readReply(answer)
      if (reply.tags.some(tag => tag === 'DISCARD ALL' || tag === 'DEALLOCATE ALL')) forget()
      if (changedSettings(reply.tags, batch)) note(batch)
      if (reply.status !== 'I') return true
      if (touched) await capture()
      return false
    }

    function note(parts: Buffer[]): void {
      touched = true
      for (const name of customNames(parts)) custom.add(name)
    }

    async function capture(): Promise<void> {
      touched = false
      statements.unnamedOwner = undefined
      const reply = readReply(await execute(captureSettings(custom)), { rows: true })
      if (reply.error) return
      settings = readSettings(reply.rows)
      current = fingerprint(settings)
    }

    return {
      accept(message) {
        if (gone) return
        inbox.push(message)
        if (!ANSWERED.has(message[0] ?? 0)) return
        complete++
        wake(turn)
      },
      leave() {
        if (gone) return
        gone = true
        leaving = true
        complete = 0
        inbox = []
        wake(turn)
      },
    }
  }

  function forget(): void {
    statements.live.clear()
    statements.unnamedOwner = undefined
  }

  return {
    join,
    query: sql =>
      enqueue(async () => {
        await become(root)
        statements.unnamedOwner = undefined
        const reply = readReply(await execute(queryMessage(sql)), { rows: true })
        if (reply.error) throw new Error(reply.error)
        return reply.rows
      }),
    check: settings => enqueue(async () => (await become(settings)).error),
    async close() {
      closed = true
      stopIdleWatch()
      await pumping
    },
  }
}

const ANSWERED: ReadonlySet<number> = new Set([
  TYPE.query,
  TYPE.sync,
  TYPE.flush,
  TYPE.functionCall,
])
