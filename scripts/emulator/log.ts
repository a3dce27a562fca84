/** What the emulator says to its user: one short line per fact, or the same facts as JSON lines. */

import { toPrintable } from './printable.ts'

/** Fields of a log line; values that hold secrets must not be passed. */
export type Fields = Record<string, string | number | boolean | undefined>

/** `scope` is the function or part that the line is about (`orders`, `broker`, `emulator`). */
export interface Log {
  info(scope: string, message: string, fields?: Fields): void
  warn(scope: string, message: string, fields?: Fields): void
  error(scope: string, message: string, fields?: Fields): void
  /** A line that a function itself printed. */
  output(scope: string, line: string): void
}

/** Writes to `write` (default: standard output); `json` chooses the machine form. */
export function createLog({
  json = false,
  now = Date.now,
  write = (line: string) => void process.stdout.write(`${line}\n`),
}: {
  json?: boolean
  now?: () => number
  write?: (line: string) => void
} = {}): Log {
  const say =
    (level: string) =>
    (scope: string, message: string, fields: Fields = {}): void => {
      const time = new Date(now()).toISOString()
      if (json) write(JSON.stringify({ ts: time, level, scope, msg: message, ...fields }))
      else
        write(
          `${time.slice(11, 19)} ${mark(level)}${scope.padEnd(12)} ${toText(message)}${tail(fields)}`,
        )
    }
  return {
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    output: (scope, line) =>
      json ? say('output')(scope, line) : write(`         ${scope.padEnd(12)} ${line}`),
  }
}

/** Lines after the first stand further in, where none of ours begins. */
const toText = (message: string): string => message.split('\n').map(toPrintable).join('\n         ')

const mark = (level: string): string => (level === 'info' || level === 'output' ? '' : `${level} `)

function tail(fields: Fields): string {
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined)
  return pairs.length === 0
    ? ''
    : ` ${pairs.map(([key, value]) => `${key}=${toPrintable(String(value))}`).join(' ')}`
}
