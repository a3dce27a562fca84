/** One client's socket: the start of the protocol, the password, then messages to and from the multiplexer. */
import type { Socket } from 'node:net'
import type { Client, Multiplexer } from './multiplexer.ts'
import { createScram, type ScramExchange } from './scram.ts'
import type { SessionSettings } from './settings.ts'
import {
  authentication,
  errorResponse,
  literal,
  message,
  REQUEST,
  readStartup,
  readString,
  readyForQuery,
  splitMessages,
  TYPE,
} from './wire.ts'

/** What a connection needs of its server. */
export interface ConnectionDeps {
  multiplexer: Multiplexer
  database: string
  /** The ParameterStatus messages that every client gets. */
  greeting: Buffer
}

/** Serves one client until its socket closes. */
export function serveConnection(socket: Socket, deps: ConnectionDeps): void {
  let buffer: Buffer = Buffer.alloc(0)
  let handle: (message: Buffer) => void | Promise<void> = () => {}
  let started = false
  let client: Client | undefined
  let work: Promise<void> = Promise.resolve()

  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => client?.leave())
  socket.on('data', chunk => {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk])
    try {
      read()
    } catch (error) {
      fail('08P01', error instanceof Error ? error.message : 'protocol violation')
    }
  })

  function read(): void {
    while (!started) {
      if (buffer.length < 8) return
      const size = buffer.readInt32BE(0)
      if (size < 8 || size > 10_000)
        throw new RangeError(`invalid length of startup packet: ${size}`)
      if (buffer.length < size) return
      const packet = buffer.subarray(0, size)
      buffer = buffer.subarray(size)
      if (!begin(packet)) return
    }
    const { messages, rest } = splitMessages(buffer)
    buffer = rest
    for (const next of messages) {
      if (client) acceptQuery(next)
      else work = work.then(() => handle(next)).catch(failInternally)
    }
  }

  /** Whether to read on. */
  function begin(packet: Buffer): boolean {
    const code = packet.readInt32BE(4)
    if (code === REQUEST.ssl || code === REQUEST.gssenc) {
      socket.write('N')
      return true
    }
    if (code === REQUEST.cancel) {
      // There is no second process that could interrupt the query; PostgreSQL answers nothing either.
      socket.end()
      return false
    }
    if (code >>> 16 !== 3) {
      fail(
        '0A000',
        `unsupported frontend protocol ${code >>> 16}.${code & 0xffff}: server supports 3.0`,
      )
      return false
    }
    started = true
    authenticate(readStartup(packet))
    return true
  }

  function authenticate(parameters: Map<string, string>): void {
    const user = parameters.get('user') ?? ''
    const database = parameters.get('database') || user
    let exchange: ScramExchange | undefined
    let canLogin = false
    socket.write(authentication(10, 'SCRAM-SHA-256\0\0'))
    handle = async answer => {
      if (answer[0] !== TYPE.password) return fail('08P01', 'expected SASL response')
      if (!exchange) {
        const { text: mechanism, next } = readString(answer, 5)
        if (mechanism !== 'SCRAM-SHA-256')
          return fail('08P01', 'client selected an invalid SASL mechanism')
        const rows = await deps.multiplexer.query(
          `SELECT rolpassword, rolcanlogin FROM pg_authid WHERE rolname = ${literal(user)}`,
        )
        canLogin = rows[0]?.[1] === 't'
        exchange = createScram(rows[0]?.[0] ?? null)
        socket.write(authentication(11, exchange.first(answer.toString('utf8', next + 4))))
        return
      }
      const signature = exchange.final(answer.toString('utf8', 5))
      if (!signature) return fail('28P01', `password authentication failed for user "${user}"`)
      if (!canLogin) return fail('28000', `role "${user}" is not permitted to log in`)
      if (database !== deps.database) return fail('3D000', `database "${database}" does not exist`)
      await welcome(user, parameters, authentication(12, signature))
    }
  }

  async function welcome(user: string, startup: Map<string, string>, final: Buffer): Promise<void> {
    const settings = toSettings(user, startup)
    const refused = await deps.multiplexer.check(settings)
    if (refused) return fail('22023', refused)
    if (socket.destroyed) return
    const own = [...settings.parameters].map(([name, value]) => message('S', `${name}\0${value}\0`))
    const key = Buffer.alloc(8)
    socket.write(
      Buffer.concat([
        final,
        authentication(0),
        deps.greeting,
        ...own,
        message('K', key),
        readyForQuery(),
      ]),
    )
    client = deps.multiplexer.join(settings, {
      write: bytes => {
        if (bytes.length > 0 && !socket.destroyed) socket.write(bytes)
      },
      expire: () =>
        fail(
          '25P03',
          'terminating connection due to idle-in-transaction timeout',
          'the embedded database serves one transaction at a time: do not wait for other work inside one, or set DATABASE_URL to a PostgreSQL server',
        ),
      refuse: reason => fail('57P01', `terminating connection: ${reason}`),
    })
  }

  function acceptQuery(next: Buffer): void {
    if (next[0] === TYPE.terminate) {
      socket.end()
      client?.leave()
    } else if (isCopyIn(next)) {
      client?.accept(refuseCopy(next))
    } else client?.accept(next)
  }

  function failInternally(error: unknown): void {
    fail('XX000', error instanceof Error ? error.message : 'internal error')
  }

  function fail(code: string, text: string, hint?: string): void {
    socket.end(errorResponse('FATAL', code, text, hint))
    client?.leave()
  }
}

/** Startup parameters that are about the connection and not settings of the session. */
const NOT_SETTINGS = new Set(['user', 'database', 'options', 'replication'])

function toSettings(user: string, startup: Map<string, string>): SessionSettings {
  const parameters = new Map(
    [...startup].filter(([name]) => !NOT_SETTINGS.has(name) && !name.startsWith('_pq_.')),
  )
  // `options` carries `-c name=value` pairs, spaces escaped by a backslash.
  for (const [, name, value] of (startup.get('options') ?? '').matchAll(
    /(?:-c\s*|--)(\w+(?:\.\w+)?)=((?:\\.|\S)*)/g,
  )) {
    parameters.set(name ?? '', (value ?? '').replace(/\\(.)/g, '$1'))
  }
  return { user, role: 'none', parameters }
}

const COPY_IN = /^\s*copy\s[^;]*\sfrom\s+stdin/i

function isCopyIn(next: Buffer): boolean {
  const type = next[0]
  if (type !== TYPE.query && type !== TYPE.parse) return false
  const at = type === TYPE.query ? 5 : readString(next, 5).next
  return COPY_IN.test(next.toString('utf8', at, Math.min(next.length, at + 2000)))
}

/** The backend cannot wait for the client's data in mid-statement, so the statement becomes one that fails with the reason. */
function refuseCopy(next: Buffer): Buffer {
  const sql = `DO $$ BEGIN RAISE feature_not_supported USING MESSAGE = 'COPY FROM STDIN is not supported by the embedded database'; END $$\0`
  if (next[0] === TYPE.query) return message(TYPE.query, sql)
  return message(TYPE.parse, `${readString(next, 5).text}\0`, sql, Buffer.alloc(2))
}
