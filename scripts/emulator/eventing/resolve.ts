/** Where a Destination leads: the URL that Knative's resolver would write into the status. */

import type { BrokerResource, Destination } from '../manifests/types.ts'

/** The address of the broker ingress inside a cluster. */
export const BROKER_HOST = 'broker-ingress.knative-eventing.svc.cluster.local'

/** The cluster URL of a broker. */
export function brokerUrl(broker: Pick<BrokerResource, 'namespace' | 'name'>): string {
  return `http://${BROKER_HOST}/${broker.namespace}/${broker.name}`
}

/**
 * The absolute URL of a destination; a `uri` beside a `ref` is resolved against it.
 * @throws TypeError when the kind cannot be addressed here or the URI is not absolute
 */
export function resolve(destination: Destination, field = 'subscriber'): string {
  const { ref, uri } = destination
  if (!ref) {
    if (uri === undefined) throw new TypeError(`"${field}" must have ref or uri, got neither`)
    if (!/^https?:\/\//i.test(uri) || !URL.canParse(uri)) {
      throw new TypeError(`"${field}.uri" must be an absolute http URL, got ${JSON.stringify(uri)}`)
    }
    return uri
  }
  const base = ADDRESSES[`${ref.apiVersion.split('/')[0]}/${ref.kind}`]?.(ref)
  if (base === undefined) {
    throw new TypeError(
      `"${field}.ref" must be a Service or a Broker, got ${ref.apiVersion} ${ref.kind}`,
    )
  }
  if (uri === undefined) return base
  if (!URL.canParse(uri, base)) {
    throw new TypeError(`"${field}.uri" must be a URL reference, got ${JSON.stringify(uri)}`)
  }
  return new URL(uri, base).href
}

const serviceUrl = (ref: { namespace: string; name: string }): string =>
  `http://${ref.name}.${ref.namespace}.svc.cluster.local`

const ADDRESSES: Record<
  string,
  ((ref: { namespace: string; name: string }) => string) | undefined
> = {
  'serving.knative.dev/Service': serviceUrl,
  'v1/Service': serviceUrl,
  'eventing.knative.dev/Broker': brokerUrl,
}
