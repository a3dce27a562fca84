/** What a Redis command answers, before it is put into JSON. */

/** A simple string such as `OK`, apart from a bulk string with the same text. */
export interface Status {
  status: string
}

/** An error reply; the text begins with its code (`ERR`, `WRONGTYPE` …). */
export interface Failure {
  error: string
}

/** Any reply. */
export type Reply = string | number | null | Status | Failure | Reply[]

/** The status `OK`. */
export const OK: Status = { status: 'OK' }

/** Stops a command with an error reply. */
export class RedisError extends Error {
  override name = 'RedisError'
}

/** Whether a reply is an error. */
export const isFailure = (reply: Reply): reply is Failure =>
  typeof reply === 'object' && reply !== null && 'error' in reply

/** Whether a reply is a simple string. */
export const isStatus = (reply: Reply): reply is Status =>
  typeof reply === 'object' && reply !== null && 'status' in reply

/** Redis's own messages. */
export const MESSAGE: Readonly<
  Record<'syntax' | 'integer' | 'float' | 'wrongType' | 'noKey' | 'minMax' | 'outOfRange', string>
> = {
  syntax: 'ERR syntax error',
  integer: 'ERR value is not an integer or out of range',
  float: 'ERR value is not a valid float',
  wrongType: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  noKey: 'ERR no such key',
  minMax: 'ERR min or max is not a float',
  outOfRange: 'ERR index out of range',
}

/** Reads a 64-bit integer argument. @throws RedisError as Redis words it */
export function toInteger(text: string | undefined, message: string = MESSAGE.integer): number {
  const value = Number(text)
  if (text === undefined || !/^-?\d{1,19}$/.test(text) || !Number.isSafeInteger(value)) {
    throw new RedisError(message)
  }
  return value
}

/** Reads a floating-point argument; `inf` and `-inf` count. @throws RedisError as Redis words it */
export function toFloat(text: string | undefined, message: string = MESSAGE.float): number {
  const word = text?.toLowerCase() ?? ''
  if (/^[+]?inf(inity)?$/.test(word)) return Infinity
  if (/^-inf(inity)?$/.test(word)) return -Infinity
  const value = Number(word)
  if (word.trim() === '' || Number.isNaN(value)) throw new RedisError(message)
  return value
}

/** A number as Redis prints a double. */
export const fromFloat = (value: number): string =>
  value === Infinity ? 'inf' : value === -Infinity ? '-inf' : String(value)
