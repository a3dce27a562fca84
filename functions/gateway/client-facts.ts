/** The facts about a client that a function may rely on, because the gateway has seen them itself. */
import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import type { ClientFacts } from '../../shared/contracts/auth.ts'
import { AppError } from '../../shared/errors.ts'
import { type AppEnv, readText } from '../../shared/route.ts'

const MAX_USER_AGENT = 400

/**
 * Reads the JSON body of a small request and puts the true facts into it; what the client wrote in their place is lost.
 * @throws {@link AppError} `invalid_request`, `unsupported_media_type` or `payload_too_large`
 */
export async function withClientFacts(
  c: Context<AppEnv>,
  incoming: IncomingMessage,
  network: string,
  maxBytes: number,
): Promise<Buffer> {
  const type = incoming.headers['content-type'] ?? ''
  if (!/^application\/json\b/i.test(type)) {
    throw new AppError(
      'unsupported_media_type',
      `"content-type" must be application/json, got ${type || 'nothing'}`,
    )
  }
  const body = parseObject(await readText(c, maxBytes))
  const facts: ClientFacts = {
    user_agent: (incoming.headers['user-agent'] ?? '').slice(0, MAX_USER_AGENT),
    ip_prefix: network,
  }
  return Buffer.from(JSON.stringify({ ...body, ...facts }))
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (cause) {
    throw new AppError('invalid_request', 'the body is not valid JSON', { cause })
  }
  throw new AppError('invalid_request', 'the body must be a JSON object')
}
