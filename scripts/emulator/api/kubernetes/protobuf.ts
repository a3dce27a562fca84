/**
 * The protobuf form of the few core kinds that `kubectl create` sends so: it knows no other way for its own types.
 * Envelope: apimachinery `pkg/runtime/generated.proto` Unknown; fields: `k8s.io/api/core/v1/generated.proto`.
 */
import { StatusError } from '../../control/status-error.ts'

/** The media type. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf'

type Reader = (bytes: Buffer) => unknown

/** Fields of a message by number; a field that is not here is left out. */
type Shape = Readonly<Record<number, readonly [name: string, read: Reader, kind?: 'map' | 'list']>>

const MAGIC = Buffer.from('k8s\0')

const text: Reader = bytes => bytes.toString('utf8')
const base64: Reader = bytes => bytes.toString('base64')
const message =
  (shape: Shape): Reader =>
  bytes =>
    readMessage(bytes, shape)
const entry = (value: Reader): Reader => message({ 1: ['key', text], 2: ['value', value] })

const META: Shape = {
  1: ['name', text],
  2: ['generateName', text],
  3: ['namespace', text],
  11: ['labels', entry(text), 'map'],
  12: ['annotations', entry(text), 'map'],
}
const metadata: Shape[number] = ['metadata', message(META)]
const SHAPES: Readonly<Record<string, Shape>> = {
  Namespace: { 1: metadata },
  ServiceAccount: { 1: metadata },
  ConfigMap: {
    1: metadata,
    2: ['data', entry(text), 'map'],
    3: ['binaryData', entry(base64), 'map'],
  },
  Secret: {
    1: metadata,
    2: ['data', entry(base64), 'map'],
    3: ['type', text],
    4: ['stringData', entry(text), 'map'],
  },
  DeleteOptions: {
    2: ['preconditions', message({ 1: ['uid', text], 2: ['resourceVersion', text] })],
    4: ['propagationPolicy', text],
    5: ['dryRun', text, 'list'],
  },
}
const UNKNOWN: Shape = {
  1: ['type', message({ 1: ['apiVersion', text], 2: ['kind', text] })],
  2: ['raw', bytes => bytes],
}

/**
 * Reads an object.
 * @throws StatusError when it is of another kind, or no such message
 */
export function readProtobuf(bytes: Buffer): Record<string, unknown> {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw broken()
  const { type, raw } = readMessage(bytes.subarray(MAGIC.length), UNKNOWN)
  const { apiVersion, kind } = Object(type) as { apiVersion?: string; kind?: string }
  const shape = Object.hasOwn(SHAPES, kind ?? '') ? SHAPES[kind ?? ''] : undefined
  if (!shape) {
    throw new StatusError(
      'UnsupportedMediaType',
      `the emulator reads a ${kind ?? 'body'} as application/json or application/yaml only`,
    )
  }
  return { apiVersion, kind, ...readMessage(Buffer.isBuffer(raw) ? raw : Buffer.of(), shape) }
}

function readMessage(bytes: Buffer, shape: Shape): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (let at = 0; at < bytes.length; ) {
    const tag = readVarint(bytes, at)
    const wire = tag.value & 7
    const start = wire === 2 ? readVarint(bytes, tag.end) : undefined
    const end = start ? start.end + start.value : skip(bytes, tag.end, wire)
    if (end > bytes.length) throw broken()
    const field = shape[tag.value >>> 3]
    if (field && start) keep(result, field, bytes.subarray(start.end, end))
    at = end
  }
  return result
}

function keep(
  result: Record<string, unknown>,
  [name, read, kind]: Shape[number],
  bytes: Buffer,
): void {
  const value = read(bytes)
  // Unset is written as the empty text.
  if (value === '') return
  if (kind === undefined) result[name] = value
  else if (kind === 'list') result[name] = [...((result[name] as unknown[]) ?? []), value]
  else {
    const { key = '', value: member = '' } = Object(value) as { key?: string; value?: unknown }
    result[name] = { ...Object(result[name]), [key]: member }
  }
}

/** Numbers in these kinds are never what a client sets. */
function skip(bytes: Buffer, at: number, wire: number): number {
  if (wire === 0) return readVarint(bytes, at).end
  if (wire === 1) return at + 8
  if (wire === 5) return at + 4
  throw broken()
}

function readVarint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0
  for (let at = start, shift = 1; at < bytes.length && at < start + 10; at++, shift *= 128) {
    const byte = bytes[at] ?? 0
    value += (byte & 127) * shift
    if (byte < 128) return { value, end: at + 1 }
  }
  throw broken()
}

const broken = (): StatusError =>
  new StatusError('BadRequest', 'the body is no object in the protobuf form')
