/** Where a Destination leads: the URL that Knative's resolver would write into the status. */

import type { Destination } from '../manifests/types.ts'
import { brokerUrl, channelUrl } from './hub.ts'

/** What a Destination's `ref` names. */
export type ObjectReference = NonNullable<Destination['ref']>

/** The URL of an object, or undefined when there is no such object or it has no address. */
export type ResolveRef = (ref: ObjectReference) => string | undefined

/** Where it leads, or why it leads nowhere now. */
export type Resolution = { readonly url: string } | { readonly error: string }

/**
 * The absolute URL of a destination as it stands; a `uri` beside a `ref` is resolved against it.
 * @throws TypeError when the webhook would refuse the destination
 */
export function resolve(
  { ref, uri }: Destination,
  resolveRef: ResolveRef = addressOf,
  field = 'subscriber',
): Resolution {
  if (!ref) {
    if (uri === undefined) throw new TypeError(`"${field}" must have ref or uri, got neither`)
    if (!/^https?:\/\//i.test(uri) || !URL.canParse(uri)) {
      throw new TypeError(`"${field}.uri" must be an absolute http URL, got ${JSON.stringify(uri)}`)
    }
    return { url: uri }
  }
  if (uri !== undefined && !URL.canParse(uri, 'http://host')) {
    throw new TypeError(`"${field}.uri" must be a URL reference, got ${JSON.stringify(uri)}`)
  }
  const base = resolveRef(ref)
  if (base === undefined) {
    const { namespace, name } = ref
    return {
      error: `failed to get object ${namespace}/${name}: ${resourceOf(ref)} "${name}" not found`,
    }
  }
  return { url: uri === undefined ? base : new URL(uri, base).href }
}

/** The address that an object of a known kind has if it exists. */
export function addressOf(ref: ObjectReference): string | undefined {
  return ADDRESSES[`${ref.apiVersion.split('/')[0]}/${ref.kind}`]?.(ref)
}

type Address = (ref: { namespace: string; name: string }) => string

const serviceUrl: Address = ({ namespace, name }) => `http://${name}.${namespace}.svc.cluster.local`

const ADDRESSES: Readonly<Record<string, Address | undefined>> = {
  'serving.knative.dev/Service': serviceUrl,
  'v1/Service': serviceUrl,
  'eventing.knative.dev/Broker': brokerUrl,
  'messaging.knative.dev/Channel': channelUrl,
  'messaging.knative.dev/InMemoryChannel': channelUrl,
}

/** `services.serving.knative.dev`, as the API server names resources in its errors. */
export function resourceOf({ apiVersion, kind }: ObjectReference): string {
  const [group, version] = apiVersion.split('/')
  const plural = `${kind.toLowerCase()}s`
  return version === undefined ? plural : `${plural}.${group}`
}
