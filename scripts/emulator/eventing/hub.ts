/** Brokers and channels by one kind of key: where events come in, and what they are kept under. */

/** What takes events and hands them to its subscribers. */
export type HubKind = 'Broker' | 'Channel'

/** A broker or channel by its name; whether it exists is another question. */
export interface HubName {
  readonly kind: HubKind
  readonly namespace: string
  readonly name: string
}

/** The address of the broker ingress inside a cluster. */
export const BROKER_HOST = 'broker-ingress.knative-eventing.svc.cluster.local'

/** `<namespace>/<name>` of a broker, `channel/<namespace>/<name>` of a channel. */
export function hubKey({ kind, namespace, name }: HubName): string {
  return kind === 'Broker' ? `${namespace}/${name}` : `channel/${namespace}/${name}`
}

/** What a key names. */
export function hubName(key: string): HubName {
  const [namespace = '', name = ''] = key.split('/').slice(-2)
  return { kind: key.startsWith('channel/') ? 'Channel' : 'Broker', namespace, name }
}

/** The cluster URL of a broker. */
export function brokerUrl({ namespace, name }: { namespace: string; name: string }): string {
  return `http://${BROKER_HOST}/${namespace}/${name}`
}

/** The cluster URL of a channel. */
export function channelUrl({ namespace, name }: { namespace: string; name: string }): string {
  return `http://${name}${CHANNEL_SUFFIX}.${namespace}.svc.cluster.local`
}

/** The URL of what a key names. */
export function hubUrl(key: string): string {
  const hub = hubName(key)
  return hub.kind === 'Channel' ? channelUrl(hub) : brokerUrl(hub)
}

/** The key of the broker or channel that a cluster URL leads to. */
export function hubAt(url: string): string | undefined {
  if (!/^http:\/\/[^/]+\.svc/i.test(url)) return undefined
  const { hostname, pathname, search } = new URL(url)
  if (isBrokerHost(hostname)) {
    const path = `${pathname}${search}`.replace(/\/$/, '').slice(1)
    return path.split('/').length === 2 ? path : undefined
  }
  const channel = channelOf(hostname)
  return channel && pathname === '/' ? hubKey(channel) : undefined
}

/** The channel that a host name (without port) belongs to, in the cluster's long and short forms. */
export function channelOf(host: string): HubName | undefined {
  const [, name, namespace] = CHANNEL_HOST.exec(host) ?? []
  return name === undefined || namespace === undefined
    ? undefined
    : { kind: 'Channel', namespace: namespace.toLowerCase(), name: name.toLowerCase() }
}

/** Whether a host name (without port) is the broker ingress of the cluster. */
export function isBrokerHost(host: string): boolean {
  return BROKER_HOSTS.has(host.toLowerCase())
}

/** A key in words: `broker app/default`, `channel app/steps`, `trigger app/one`, `subscription app/two`. */
export function inWords(key: string, plain: 'broker' | 'trigger'): string {
  const parts = key.split('/')
  return parts.length === 3 ? `${parts[0]} ${parts[1]}/${parts[2]}` : `${plain} ${key}`
}

const CHANNEL_SUFFIX = '-kn-channel'
const CHANNEL_HOST = /^([a-z0-9-]+)-kn-channel\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?$/i
const BROKER_HOSTS = new Set([
  BROKER_HOST,
  BROKER_HOST.replace('.cluster.local', ''),
  BROKER_HOST.replace('.svc.cluster.local', ''),
])
