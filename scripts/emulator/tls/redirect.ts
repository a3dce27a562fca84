/** `http-protocol: Redirected`: who asks over HTTP is sent to https, as the ingress of a cluster does. */
import type { HostHandler, UpgradeHandler } from '../network.ts'

/** What the redirect looks at. */
export interface RedirectOptions {
  /** Whether a host is to be asked over https. */
  readonly redirects: (host: string) => boolean
  /** Undefined while there is none. */
  readonly securePort: () => number | undefined
}

/** Takes a request, or a protocol switch, that came over HTTP and should not have. */
export interface Redirect {
  readonly handler: HostHandler
  readonly upgrade: UpgradeHandler
}

/** Probes of the ingress controller are answered where they arrive. */
const PROBE = 'k-network-probe'
const DEFAULT_PORT = 443

/** Made only where TLS is served. */
export function createRedirect({ redirects, securePort }: RedirectOptions): Redirect {
  function locate(host: string, { socket, headers, url }: Asked): string | undefined {
    const port = securePort()
    if (port === undefined || ('encrypted' in socket && socket.encrypted === true)) return undefined
    if (headers[PROBE] !== undefined || !redirects(host)) return undefined
    return `https://${host.replace(/:\d*$/, '')}${port === DEFAULT_PORT ? '' : `:${port}`}${url ?? '/'}`
  }

  return {
    handler(host, request, response) {
      const location = locate(host, request)
      if (location === undefined) return false
      response.writeHead(301, { location, 'content-length': '0' }).end()
      return true
    },
    upgrade(host, request, socket) {
      const location = locate(host, request)
      if (location === undefined) return false
      socket.on('error', () => {})
      socket.end(
        `HTTP/1.1 301 Moved Permanently\r\nlocation: ${location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
      )
      return true
    },
  }
}

type Asked = Pick<Parameters<HostHandler>[1], 'headers' | 'socket' | 'url'>
