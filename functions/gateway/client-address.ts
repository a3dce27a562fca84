/** Where a request really comes from: only our own proxies are believed when they say so. */
import { BlockList, isIP, isIPv4 } from 'node:net'

/** Finds the network that a request comes from. */
export type ClientNetwork = (
  socketAddress: string | undefined,
  forwardedFor: string | string[] | undefined,
) => string

/**
 * Reads `X-Forwarded-For` from right to left past the trusted proxies: everything further left is the client's own
 * word. IPv4 is one address; of IPv6 the first 64 bits, which one customer holds.
 */
export function createClientNetwork(trustedProxies: readonly string[]): ClientNetwork {
  const trusted = new BlockList()
  for (const cidr of trustedProxies) {
    const [address = '', bits] = cidr.split('/')
    trusted.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6')
  }
  const isTrusted = (address: string): boolean =>
    trusted.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')

  return (socketAddress, forwardedFor) => {
    let client = normalize(socketAddress ?? '')
    if (client === undefined) return 'unknown'
    const hops = forwardedFor === undefined ? [] : String(forwardedFor).split(',')
    while (hops.length > 0 && isTrusted(client)) {
      const previous = normalize(hops.pop() ?? '')
      if (previous === undefined) break
      client = previous
    }
    return isIPv4(client) ? client : `${firstHalf(client)}::/64`
  }
}

/** Without brackets, port and zone; `::ffff:1.2.3.4` is `1.2.3.4`. */
function normalize(text: string): string | undefined {
  const bare = text
    .trim()
    .replace(/^\[([^\]]+)\](?::\d+)?$/, '$1')
    .replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(bare) === 0 ? undefined : bare
}

function firstHalf(address: string): string {
  const [head = '', tail = ''] = address.toLowerCase().split('::')
  const left = head.split(':').filter(part => part !== '')
  const right = tail.split(':').filter(part => part !== '')
  const gap = Math.max(0, 8 - left.length - right.length)
  const groups = address.includes('::') ? [...left, ...Array(gap).fill('0'), ...right] : left
  return groups
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}
