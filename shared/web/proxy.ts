/** Which requests go through a forward proxy: the environment variables that curl and others made common. */

/** Says through which proxy a plain `http:` URL is asked for; undefined when it is asked directly. */
export type ProxyFor = (url: URL) => URL | undefined

/**
 * Reads `HTTP_PROXY` and `NO_PROXY` (or their lower-case twins). Node's own reading of them costs the first request of a
 * process 8 ms, and every later one the parsing of a URL.
 * @throws TypeError when the proxy is no http URL
 */
export function readProxy(env: Readonly<Record<string, string | undefined>>): ProxyFor {
  const address = env.http_proxy || env.HTTP_PROXY
  if (!address) return () => undefined
  const proxy = new URL(address)
  if (proxy.protocol !== 'http:') {
    throw new TypeError(`"HTTP_PROXY" must be an http URL, got ${proxy.protocol}`)
  }
  const direct = (env.no_proxy || env.NO_PROXY || '')
    .split(',')
    .map(name =>
      name
        .trim()
        .toLowerCase()
        .replace(/^\*?\./, ''),
    )
    .filter(name => name !== '')
  return ({ hostname }) => {
    const host = hostname.replace(/^\[|\]$/g, '')
    const isDirect = direct.some(name => name === '*' || host === name || host.endsWith(`.${name}`))
    return isDirect ? undefined : proxy
  }
}
