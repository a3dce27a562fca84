/** PostgreSQL's wire protocol 3.0, as much as sits between a client and an embedded backend. */

/** The messages that the multiplexer acts on. */
export type MessageType =
  | 'parse'
  | 'bind'
  | 'describe'
  | 'close'
  | 'sync'
  | 'flush'
  | 'query'
  | 'functionCall'
  | 'terminate'
  | 'password'
  | 'readyForQuery'
  | 'commandComplete'
  | 'errorResponse'
  | 'dataRow'
  | 'parameterStatus'

/** Message type bytes that the multiplexer acts on (PostgreSQL 18, chapter 54.7). */
export const TYPE: Readonly<Record<MessageType, number>> = {
  parse: 0x50,
  bind: 0x42,
  describe: 0x44,
  close: 0x43,
  sync: 0x53,
  flush: 0x48,
  query: 0x51,
  functionCall: 0x46,
  terminate: 0x58,
  password: 0x70,
  readyForQuery: 0x5a,
  commandComplete: 0x43,
  errorResponse: 0x45,
  dataRow: 0x44,
  parameterStatus: 0x53,
}

/** Codes that stand where the protocol version does in an untyped first message. */
export const REQUEST: Readonly<Record<'protocol3' | 'ssl' | 'gssenc' | 'cancel', number>> = {
  protocol3: 196608,
  ssl: 80877103,
  gssenc: 80877104,
  cancel: 80877102,
}

/** The longest message a client may send; PostgreSQL's own limit is 1 GiB. */
export const MAX_MESSAGE_BYTES: number = 256 * 1024 * 1024

/** Splits `buffer` into whole typed messages and the rest. */
export function splitMessages(buffer: Buffer): { messages: Buffer[]; rest: Buffer } {
  const messages: Buffer[] = []
  let at = 0
  while (buffer.length - at >= 5) {
    const size = 1 + buffer.readInt32BE(at + 1)
    if (size < 5 || size > MAX_MESSAGE_BYTES) {
      throw new RangeError(
        `"message length" must be from 4 to ${MAX_MESSAGE_BYTES}, got ${size - 1}`,
      )
    }
    if (buffer.length - at < size) break
    messages.push(buffer.subarray(at, at + size))
    at += size
  }
  return { messages, rest: buffer.subarray(at) }
}

/** Reads the name and value pairs of a startup message. */
export function readStartup(packet: Buffer): Map<string, string> {
  const words = packet.subarray(8).toString('utf8').split('\0')
  const parameters = new Map<string, string>()
  for (let at = 0; at + 1 < words.length && words[at]; at += 2) {
    parameters.set(words[at] ?? '', words[at + 1] ?? '')
  }
  return parameters
}

/** The string that starts at `at`, and where the next field starts. */
export function readString(message: Buffer, at: number): { text: string; next: number } {
  const end = message.indexOf(0, at)
  if (end < 0) throw new RangeError('"string" must end with a zero byte, got none')
  return { text: message.toString('utf8', at, end), next: end + 1 }
}

/** One typed message. */
export function message(type: number | string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(
    parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part)),
  )
  const head = Buffer.alloc(5)
  head[0] = typeof type === 'string' ? type.charCodeAt(0) : type
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

/** A simple query. */
export const queryMessage = (sql: string): Buffer => message('Q', `${sql}\0`)

/** An extended query's Sync. */
export const syncMessage = (): Buffer => message('S')

/** An authentication request: 0 ok, 10 SASL, 11 SASL continue, 12 SASL final. */
export function authentication(code: number, body: string | Buffer = ''): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(code)
  return message('R', head, body)
}

/** An ErrorResponse with PostgreSQL's own fields. */
export function errorResponse(
  severity: 'ERROR' | 'FATAL',
  code: string,
  text: string,
  hint?: string,
): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${text}`]
  if (hint) fields.push(`H${hint}`)
  return message('E', `${fields.join('\0')}\0\0`)
}

/** ReadyForQuery; `I` idle, `T` in a transaction, `E` in a failed one. */
export const readyForQuery = (status: 'I' | 'T' | 'E' = 'I'): Buffer => message('Z', status)

/** A literal that is safe under `standard_conforming_strings = on`. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** What a response says: where the transaction stands, which commands were done, which rows and errors came. */
export interface Reply {
  status: 'I' | 'T' | 'E' | undefined
  tags: string[]
  rows: (string | null)[][]
  error: string | undefined
}

/** Reads a whole response of the backend. Rows are decoded only when asked for. */
export function readReply(bytes: Buffer, { rows = false }: { rows?: boolean } = {}): Reply {
  const reply: Reply = { status: undefined, tags: [], rows: [], error: undefined }
  for (let at = 0; bytes.length - at >= 5; at += 1 + bytes.readInt32BE(at + 1)) {
    const type = bytes[at]
    if (type === TYPE.readyForQuery) reply.status = toStatus(bytes[at + 5])
    else if (type === TYPE.commandComplete) reply.tags.push(readString(bytes, at + 5).text)
    else if (type === TYPE.errorResponse) reply.error = readField(bytes, at + 5, 'M')
    else if (rows && type === TYPE.dataRow) reply.rows.push(readRow(bytes, at + 5))
  }
  return reply
}

const toStatus = (byte: number | undefined): 'I' | 'T' | 'E' =>
  byte === 0x49 ? 'I' : byte === 0x54 ? 'T' : 'E'

function readField(bytes: Buffer, start: number, wanted: string): string {
  for (let at = start; bytes[at]; ) {
    const { text, next } = readString(bytes, at)
    if (text.startsWith(wanted)) return text.slice(1)
    at = next
  }
  return 'unknown error'
}

function readRow(bytes: Buffer, start: number): (string | null)[] {
  const row: (string | null)[] = []
  let at = start + 2
  for (let left = bytes.readInt16BE(start); left > 0; left--) {
    const size = bytes.readInt32BE(at)
    row.push(size < 0 ? null : bytes.toString('utf8', at + 4, at + 4 + size))
    at += 4 + Math.max(0, size)
  }
  return row
}
