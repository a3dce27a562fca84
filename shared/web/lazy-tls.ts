/** Stands for `node:tls` in bundles: the module loads (8 ms) when a connection is really encrypted. */
import type { ConnectionOptions, TLSSocket } from 'node:tls'

/** `tls.connect`, loading the module first. */
export function connect(options: ConnectionOptions): TLSSocket {
  return process.getBuiltinModule('node:tls').connect(options)
}

const tls: { connect: typeof connect } = { connect }

export default tls
