/** The environment of a function's process: what a container would have, and nothing of the emulator's own. */
import type { ServiceResource } from '../manifests/types.ts'

/** What a process needs of the machine, as a container image would bring it. */
const INHERITED = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TZ',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
]

/**
 * Composes the environment of one revision; the proxy makes the cluster's host names work in any language. As in a
 * container, what the image sets is weaker than what the Service sets, and nobody sets Knative's own names.
 */
export function toEnvironment(
  service: ServiceResource,
  revision: string,
  {
    resolved,
    proxyUrl,
    image = {},
  }: {
    resolved: Readonly<Record<string, string>>
    proxyUrl: string
    image?: Readonly<Record<string, string>> | undefined
  },
): Record<string, string> {
  return {
    ...inherited(),
    HTTP_PROXY: proxyUrl,
    http_proxy: proxyUrl,
    NO_PROXY: DIRECT_HOSTS,
    no_proxy: DIRECT_HOSTS,
    NODE_USE_ENV_PROXY: '1',
    ...image,
    ...resolved,
    K_SERVICE: service.name,
    K_CONFIGURATION: service.name,
    K_REVISION: revision,
  }
}

const DIRECT_HOSTS = '127.0.0.1,localhost,::1'

function inherited(): Record<string, string> {
  const result: Record<string, string> = {}
  for (const name of INHERITED) {
    const value = process.env[name]
    if (value !== undefined) result[name] = value
  }
  return result
}
