/** The seam between serving and eventing: how one part of the emulator sends a request to a cluster URL. */

/** A buffered request to any URL that a cluster could reach. Header names are lower case. */
export interface NetworkRequest {
  url: string
  method: string
  headers: Record<string, string>
  body?: Uint8Array
  /** Real-time bound, including a cold start. Aborting it rejects with `signal.reason`. */
  signal?: AbortSignal
}

/** A buffered answer. Repeated headers are joined as Node joins them. */
export interface NetworkResponse {
  status: number
  headers: Record<string, string>
  body: Uint8Array
  /** The revision that answered, when the URL led to a function. */
  revision?: string
}

/**
 * Sends inside the emulated cluster: `*.svc.cluster.local` and the local domain lead to functions (from zero if need
 * be) or to the broker, anything else goes out over plain HTTP. Rejects only when no HTTP answer came at all.
 */
export type Send = (request: NetworkRequest) => Promise<NetworkResponse>

/** A part that answers requests for certain hosts; `true` means that it took the request. */
export type HostHandler = (
  host: string,
  request: import('node:http').IncomingMessage,
  response: import('node:http').ServerResponse,
) => boolean

/** The same for protocol switches: it takes over the connection. */
export type UpgradeHandler = (
  host: string,
  request: import('node:http').IncomingMessage,
  socket: import('node:stream').Duplex,
  head: Buffer,
) => boolean
