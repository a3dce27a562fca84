/** The one logger of a function: a JSON line per fact in the cluster, a short line for a person at a terminal. */
import { currentContext } from './trace.ts'

/** Facts beside the message. Values under a secret-looking key are masked. */
export type LogFields = Readonly<Record<string, unknown>>

/** Levels in rising order; a line below the configured level is not written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Writes lines; every line carries request id and trace id by itself. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  /** `error` fields hold the thrown value under `error`; its stack is logged, never sent to a client. */
  error(message: string, fields?: LogFields): void
}

/** Where and how a logger writes. */
export interface LogOptions {
  service: string
  revision?: string | undefined
  level?: LogLevel
  format?: 'json' | 'line'
  now?: () => number
  write?: (line: string) => void
}

const RANK: Record<LogLevel, number> = { debug: 10, info: 20, warn: 30, error: 40 }
const SECRET_KEY = /pass(word|phrase)?$|secret|token|authorization|cookie|api_?key|private/i
/** Levels of objects and lists below a field that are searched for secrets. */
const MASKED_DEPTH = 4

/** Makes the logger of one process. */
export function createLog({
  service,
  revision,
  level = 'info',
  format = 'json',
  now = Date.now,
  write = createLineWriter(),
}: LogOptions): Logger {
  const at =
    (own: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (RANK[own] < RANK[level]) return
      const safe = Object.fromEntries(
        Object.entries(fields).map(([key, value]) => [key, toLoggable(key, value)]),
      )
      write(format === 'json' ? json(own, message, safe) : line(own, message, safe))
    }

  function json(own: LogLevel, message: string, fields: LogFields): string {
    const context = currentContext()
    return JSON.stringify({
      ts: new Date(now()).toISOString(),
      level: own,
      msg: message,
      service,
      ...(revision && { revision }),
      ...(context && { request_id: context.requestId, trace_id: context.trace.traceId }),
      ...fields,
    })
  }

  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/**
 * Writes the lines of one turn of the event loop at once: to a pipe, each write is a system call that blocks. What a
 * process says as its last words goes out as it ends.
 */
function createLineWriter(): (line: string) => void {
  let waiting = ''
  const flush = (): void => {
    const text = waiting
    waiting = ''
    if (text !== '') process.stdout.write(text)
  }
  process.once('exit', flush)
  return text => {
    if (waiting === '') setImmediate(flush)
    waiting += `${text}\n`
  }
}

function line(level: LogLevel, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${inline(value)}`)
  const prefix = level === 'info' ? '' : `${level} `
  return `${prefix}${inline(message)}${pairs.length > 0 ? ` ${pairs.join(' ')}` : ''}`
}

/** Control characters must not reach a terminal. */
const inline = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).replace(/\p{Cc}+/gu, ' ⏎ ')

function toLoggable(key: string, value: unknown, depth = 0): unknown {
  if (SECRET_KEY.test(key)) return '***'
  if (value instanceof Error) return describe(value)
  if (depth >= MASKED_DEPTH || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => toLoggable('', item, depth + 1))
  if ('toJSON' in value) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, toLoggable(name, inner, depth + 1)]),
  )
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${describe(error.cause)}` : ''
  return `${error.stack ?? error.message}${cause}`
}
