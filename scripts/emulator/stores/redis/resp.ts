/** A client of a real Redis: RESP2 over one connection, which comes back by itself. */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Redis } from './engine.ts'
import { isFailure, type Reply } from './reply.ts'

/** Speaks to the server of a `redis://` or `rediss://` address. @throws Error when it does not answer */
export async function connectRedis(address: string): Promise<Redis> {
  const url = new URL(address)
  if (!['redis:', 'rediss:', 'unix:'].includes(url.protocol)) {
    throw new TypeError(
      `"REDIS_URL" must be a redis:// or rediss:// address, got ${url.protocol}//…`,
    )
  }
  let socket: Socket | undefined
  let closed = false

  function open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const port = Number(url.port || 6379)
      const made =
        url.protocol === 'unix:'
          ? connectPlain(url.pathname)
          : url.protocol === 'rediss:'
            ? connectTls({ host: url.hostname, port, servername: url.hostname })
            : connectPlain(port, url.hostname)
      made.once(url.protocol === 'rediss:' ? 'secureConnect' : 'connect', () => resolve(made))
      made.once('error', reject)
    })
  }

  let waiting: {
    count: number
    replies: Reply[]
    resolve: (replies: Reply[]) => void
    reject: (error: Error) => void
  }[] = []
  let opening: Promise<Socket> | undefined

  async function ready(): Promise<Socket> {
    if (socket && !socket.destroyed) return socket
    opening ??= prepare().finally(() => {
      opening = undefined
    })
    return opening
  }

  async function prepare(): Promise<Socket> {
    const made = await open()
    made.setNoDelay(true)
    let buffer: Buffer = Buffer.alloc(0)
    made.on('data', chunk => {
      buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk])
      buffer = drain(buffer)
    })
    made.on('error', () => made.destroy())
    made.on('close', () => {
      const lost = waiting
      waiting = []
      for (const item of lost) item.reject(new Error('the Redis server closed the connection'))
    })
    const greeting: string[][] = []
    if (url.password)
      greeting.push([
        'AUTH',
        ...(url.username ? [decodeURIComponent(url.username)] : []),
        decodeURIComponent(url.password),
      ])
    const database = url.protocol === 'unix:' ? '' : url.pathname.slice(1)
    if (database) greeting.push(['SELECT', database])
    if (greeting.length > 0) {
      const failure = (await send(made, greeting)).find(isFailure)
      if (failure) {
        made.destroy()
        throw new Error(`"REDIS_URL" must be usable, got from the server: ${failure.error}`)
      }
    }
    socket = made
    return made
  }

  function drain(buffer: Buffer): Buffer {
    let at = 0
    for (;;) {
      const parsed = parseReply(buffer, at)
      if (!parsed) return buffer.subarray(at)
      at = parsed.next
      const first = waiting[0]
      if (!first) continue
      first.replies.push(parsed.reply)
      if (first.replies.length === first.count) waiting.shift()?.resolve(first.replies)
    }
  }

  function send(to: Socket, commands: string[][]): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      waiting.push({ count: commands.length, replies: [], resolve, reject })
      to.write(Buffer.concat(commands.map(encode)))
    })
  }

  const exchange = async (commands: string[][]): Promise<Reply[]> => {
    if (closed) throw new Error('the Redis client is closed')
    return send(await ready(), commands)
  }

  await ready()
  return {
    command: async args => (await exchange([args]))[0] ?? null,
    transaction: async commands => {
      const replies = await exchange([['MULTI'], ...commands, ['EXEC']])
      const outcome = replies.at(-1) ?? null
      if (Array.isArray(outcome)) return outcome
      return isFailure(outcome) ? outcome : { error: 'EXECABORT Transaction discarded' }
    },
    async close() {
      closed = true
      socket?.destroy()
    },
  }
}

function encode(args: string[]): Buffer {
  return Buffer.concat([
    Buffer.from(`*${args.length}\r\n`),
    ...args.map(arg => {
      const bytes = Buffer.from(arg)
      return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')])
    }),
  ])
}

function parseReply(buffer: Buffer, at: number): { reply: Reply; next: number } | undefined {
  const end = buffer.indexOf('\r\n', at)
  if (end < 0) return undefined
  const text = buffer.toString('utf8', at + 1, end)
  const next = end + 2
  switch (buffer[at]) {
    case 0x2b:
      return { reply: { status: text }, next }
    case 0x2d:
      return { reply: { error: text }, next }
    case 0x3a:
      return { reply: Number(text), next }
    case 0x24: {
      const size = Number(text)
      if (size < 0) return { reply: null, next }
      if (buffer.length < next + size + 2) return undefined
      return { reply: buffer.toString('utf8', next, next + size), next: next + size + 2 }
    }
    default:
      return parseList(buffer, Number(text), next)
  }
}

function parseList(
  buffer: Buffer,
  size: number,
  start: number,
): { reply: Reply; next: number } | undefined {
  if (size < 0) return { reply: null, next: start }
  const items: Reply[] = []
  let next = start
  for (let left = size; left > 0; left--) {
    const parsed = parseReply(buffer, next)
    if (!parsed) return undefined
    items.push(parsed.reply)
    next = parsed.next
  }
  return { reply: items, next }
}
