/** The body of a request as a value: JSON or YAML. */
import type { IncomingMessage } from 'node:http'
import { parse } from 'yaml'
import { assertDepth } from '../../control/plain.ts'
import { StatusError } from '../../control/status-error.ts'
import { PROTOBUF, readProtobuf } from './protobuf.ts'

/** What an API server takes at most (`--max-request-body-bytes`). */
const MAX_BYTES = 3 * 1024 * 1024

/** A body and how it is meant. */
export interface Body {
  /** Without parameters, lower case; empty when there is none. */
  readonly type: string
  /** Undefined when the body is empty. */
  readonly value: unknown
}

/**
 * Reads a whole body.
 * @throws StatusError when it is too large, of another type, or not what its type says
 */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const type = (request.headers['content-type'] ?? '').split(';', 1).join('').trim().toLowerCase()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BYTES) {
      throw new StatusError('RequestEntityTooLarge', `the body must be at most ${MAX_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  if (type === PROTOBUF && bytes.length > 0) return { type, value: readProtobuf(bytes) }
  const text = bytes.toString('utf8')
  if (text === '') return { type, value: undefined }
  if (!/^$|[/+](json|yaml)$/.test(type)) {
    throw new StatusError(
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, got ${type}`,
    )
  }
  const value = readText(text, type)
  assertDepth(value)
  return { type, value }
}

function readText(text: string, type: string): unknown {
  try {
    return type.endsWith('yaml') ? parse(text) : JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new StatusError('BadRequest', `the body cannot be read: ${why}`)
  }
}
