/** Reads the fields of Ollama's requests, with Ollama's words for what is wrong. */
import type { Schema } from './structured.ts'

/** An error that becomes `{error}` with its status. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** A parsed body. */
export type Body = Record<string, unknown>

/** Parses a body. @throws ApiError 400 */
export function parseBody(text: string): Body {
  if (text.trim() === '') throw new ApiError(400, 'missing request body')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ApiError(400, (error as Error).message)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError(400, 'json: cannot unmarshal body into Go value of type object')
  }
  return value as Body
}

/** A string field; absent is empty. @throws ApiError 400 */
export function readString(body: Body, name: string): string {
  const value = body[name]
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  const kind = Array.isArray(value) ? 'array' : typeof value
  throw new ApiError(
    400,
    `json: cannot unmarshal ${kind} into Go struct field .${name} of type string`,
  )
}

/** `model`, or `name` which older calls and the npm client send. */
export const readModel = (body: Body): string =>
  readString(body, 'model') || readString(body, 'name')

/** What `format` asks for. @throws ApiError 400 */
export function readFormat(body: Body): 'text' | 'json' | Schema {
  const format = body.format
  if (format === undefined || format === null || format === '') return 'text'
  if (format === 'json') return 'json'
  if (typeof format === 'object' && !Array.isArray(format)) return format as Schema
  throw new ApiError(
    400,
    `invalid format: ${JSON.stringify(format)}; expected "json" or a valid JSON Schema object`,
  )
}

/** `keep_alive` in milliseconds: a number of seconds, or a Go duration; negative is forever. @throws ApiError 400 */
export function readKeepAlive(body: Body, otherwise = 300_000): number {
  const value = body.keep_alive
  if (value === undefined || value === null) return otherwise
  if (typeof value === 'number') return value < 0 ? Infinity : value * 1000
  const text = String(value)
  if (/^-?\d+$/.test(text)) return Number(text) < 0 ? Infinity : Number(text) * 1000
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.length === 0 || text.replace(/^-/, '') !== parts.map(([part]) => part).join('')) {
    throw new ApiError(400, `time: invalid duration ${JSON.stringify(text)}`)
  }
  if (text.startsWith('-')) return Infinity
  return parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNITS_MS[unit ?? ''] ?? 0),
    0,
  )
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** The options that change what the emulator does. */
export interface Options {
  numPredict: number
  contextLength: number
  stop: string[]
}

/** Reads `options`; those without a meaning here are checked for their type only. @throws ApiError 400 */
export function readOptions(body: Body, contextLength: number): Options {
  const given = body.options
  if (given === undefined || given === null) return { numPredict: -1, contextLength, stop: [] }
  if (typeof given !== 'object' || Array.isArray(given))
    throw new ApiError(
      400,
      'json: cannot unmarshal options into Go struct field .options of type map',
    )
  const options = given as Body
  for (const name of INTEGERS) requireType(options, name, 'integer', Number.isInteger)
  for (const name of FLOATS)
    requireType(options, name, 'float32', value => typeof value === 'number')
  const stop = options.stop ?? []
  const stops = typeof stop === 'string' ? [stop] : stop
  if (!Array.isArray(stops) || !stops.every(item => typeof item === 'string')) {
    throw new ApiError(400, 'option "stop" must be of type array')
  }
  return {
    numPredict: typeof options.num_predict === 'number' ? options.num_predict : -1,
    contextLength:
      typeof options.num_ctx === 'number' && options.num_ctx > 0 ? options.num_ctx : contextLength,
    stop: stops,
  }
}

const INTEGERS = [
  'num_predict',
  'num_ctx',
  'seed',
  'top_k',
  'num_keep',
  'repeat_last_n',
  'num_batch',
  'num_gpu',
  'num_thread',
]
const FLOATS = [
  'temperature',
  'top_p',
  'min_p',
  'typical_p',
  'repeat_penalty',
  'presence_penalty',
  'frequency_penalty',
]

function requireType(
  options: Body,
  name: string,
  type: string,
  accepts: (value: unknown) => boolean,
): void {
  const value = options[name]
  if (value !== undefined && value !== null && !accepts(value)) {
    throw new ApiError(400, `option "${name}" must be of type ${type}`)
  }
}
