/** What is known of a client's request and of the answer to it, over HTTP/1.1 or HTTP/2. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** Whether something follows the head of a request. */
export function hasBody(request: IncomingMessage): boolean {
  if (isHttp2(request)) return !request.stream.endAfterHeaders
  const length = request.headers['content-length']
  return (
    request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
  )
}

/** Node's compatibility objects are typed apart from those that they stand for. */
export function isHttp2<T extends IncomingMessage | ServerResponse>(
  message: T,
): message is T & (T extends IncomingMessage ? Http2ServerRequest : Http2ServerResponse) {
  return 'stream' in message
}
