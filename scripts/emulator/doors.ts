/** The one port of everything: who is asked first, and what the emulator's own address leads to. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createApi } from './api/api.ts'
import { createKubernetesApi } from './api/kubernetes/kubernetes.ts'
import { createIngress, type Ingress } from './ingress.ts'
import type { Log } from './log.ts'
import type { ServiceResource } from './manifests/types.ts'
import type { Settings } from './options.ts'
import { isOwnHost } from './own-host.ts'
import { DOMAIN, type Parts } from './parts.ts'
import { createRedirect } from './tls/redirect.ts'

/** The Service with this annotation answers hosts that name no function. */
const DEFAULT_ANNOTATION = 'emulator.aiwfe.dev/default'

/** Listens. @throws PortInUseError */
export async function openDoors(
  { clock, port, tls, token }: Settings,
  { serving, servingPart, eventing, resources, control, inProcess, environmentOf }: Parts,
  log: Log,
): Promise<Ingress> {
  /** Asking for the emulator's own address asks for the default function. */
  const fallback = (): string => toHost(servingPart.services().find(isDefault))

  function toDefault(host: string, request: IncomingMessage, response: ServerResponse): boolean {
    if (!isOwnHost(host)) return false
    const name = fallback()
    return name !== '' && serving.handler(name, request, response)
  }

  let ingress: Ingress | undefined
  const redirect = createRedirect({
    redirects: serving.redirects,
    securePort: () => ingress?.secure?.port,
  })
  ingress = await createIngress({
    port,
    ...(tls && { tls }),
    domain: DOMAIN,
    log,
    handlers: [
      createApi({ clock, log, serving, eventing, environment: { token, environmentOf } }),
      createKubernetesApi({ control, clock, log, token }),
      eventing.handler,
      resources.handler,
      inProcess.handler,
      ...(tls ? [redirect.handler] : []),
      serving.handler,
      toDefault,
    ],
    upgrades: [
      ...(tls ? [redirect.upgrade] : []),
      serving.upgrade,
      (host, request, socket, head) =>
        isOwnHost(host) && serving.upgrade(fallback(), request, socket, head),
    ],
    ignoresUpgrade: eventing.owns,
    senders: [inProcess.send, serving.send],
    owns: host => inProcess.owns(host) || serving.owns(host),
  })
  return ingress
}

const isDefault = ({ annotations }: ServiceResource): boolean =>
  annotations[DEFAULT_ANNOTATION] === 'true'

const toHost = (service: ServiceResource | undefined): string =>
  service ? `${service.name}.${service.namespace}.svc.cluster.local` : ''
