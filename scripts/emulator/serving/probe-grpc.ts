/** The gRPC health protocol (grpc.health.v1.Health/Check), as the kubelet asks it. */
import { askHttp2 } from './probe-http2.ts'

const SERVING = 1
/** A compression flag and the length, before each message. */
const PREFIX_BYTES = 5
const SERVICE_FIELD = 0x0a
const STATUS_FIELD = 0x08

/** Undefined when the service says that it serves. */
export async function tryGrpc(
  service: string,
  port: number,
  limitMs: number,
): Promise<string | undefined> {
  const answer = await askHttp2(
    {
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'kube-probe/1.34 grpc-go',
    },
    toMessage(service),
    { port, limitMs },
  )
  if (typeof answer === 'string') return `gRPC probe failed: ${answer}`
  const status = answer.trailers['grpc-status'] ?? answer.headers['grpc-status']
  if (status !== '0') return `gRPC probe failed: status ${String(status)}`
  const serving = readStatus(answer.body)
  return serving === SERVING ? undefined : `gRPC probe failed: service is not serving (${serving})`
}

/** `message HealthCheckRequest { string service = 1; }` */
function toMessage(service: string): Uint8Array {
  const name = Buffer.from(service)
  if (name.length > MAX_NAME_BYTES) throw new TypeError(`"service" must be short, got ${service}`)
  const field = name.length === 0 ? [] : [SERVICE_FIELD, name.length, ...name]
  return Uint8Array.from([0, 0, 0, 0, field.length, ...field])
}

/** `message HealthCheckResponse { ServingStatus status = 1; }`; a missing field is 0, UNKNOWN. */
function readStatus(body: Buffer): number {
  const message = body.subarray(PREFIX_BYTES)
  return message[0] === STATUS_FIELD ? (message[1] ?? 0) : 0
}

/** One byte says the length. */
const MAX_NAME_BYTES = 127
