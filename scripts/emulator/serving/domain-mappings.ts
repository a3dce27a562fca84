/** DomainMappings: host names of one's own for Services (serving pkg/reconciler/domainmapping). */
import type { Clock } from '../clock.ts'
import { type ConditionSet, createConditions } from '../control/conditions.ts'
import { createIdentity, type Identity, type KubeObject } from '../control/object.ts'
import { isObject } from '../manifests/field.ts'
import { ManifestError, type ManifestProblem } from '../manifests/manifest-error.ts'
import type { OtherResource } from '../manifests/types.ts'
import { hostName } from './router.ts'

/** The mappings of an emulator. */
export interface DomainMappings {
  /** @throws ManifestError in the words of the webhook */
  apply(resource: OtherResource): void
  remove(namespace: string, name: string): boolean
  /** The Service that a host is mapped to. */
  find(host: string): { readonly namespace: string; readonly name: string } | undefined
  /** Says anew whether the Services are there. */
  refresh(): void
  objects(): KubeObject[]
}

interface Mapping {
  resource: OtherResource
  service: string
  readonly identity: Identity
  readonly conditions: ConditionSet
}

const SERVING = 'serving.knative.dev/v1'
const CLUSTER_SUFFIX = '.svc.cluster.local'
const TLS_OFF = { reason: 'TLSNotEnabled', message: 'external-domain-tls is not enabled' }
const HOST = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** No mappings yet. */
export function createDomainMappings({
  clock,
  exists,
  toUrl,
}: {
  clock: Clock
  /** Whether there is such a Service. */
  exists: (namespace: string, name: string) => boolean
  toUrl: (host: string) => string
}): DomainMappings {
  /** By namespace and host; the first of a host has it. */
  const mappings = new Map<string, Mapping>()
  const holder = (host: string): Mapping | undefined =>
    [...mappings.values()].find(({ resource }) => resource.name === host)

  function apply(resource: OtherResource): void {
    const service = check(resource)
    const key = `${resource.namespace}/${resource.name}`
    const { spec } = resource.document
    const known = mappings.get(key)
    if (known) {
      known.resource = resource
      known.service = service
      known.identity.update(spec)
    } else {
      const dependents = [
        'CertificateProvisioned',
        'DomainClaimed',
        'IngressReady',
        'ReferenceResolved',
      ]
      const conditions = createConditions({ clock, dependents })
      mappings.set(key, {
        resource,
        service,
        conditions,
        identity: createIdentity(clock, spec, resource.born),
      })
    }
    refresh()
  }

  function refresh(): void {
    for (const mapping of mappings.values()) {
      const { resource, service, conditions } = mapping
      const isOwner = holder(resource.name) === mapping
      const isThere = exists(resource.namespace, service)
      conditions.set('CertificateProvisioned', 'True', TLS_OFF)
      if (isOwner) conditions.set('DomainClaimed', 'True')
      else conditions.set('DomainClaimed', 'False', CLAIMED)
      if (isThere) conditions.set('ReferenceResolved', 'True')
      else {
        const message = `services.serving.knative.dev ${JSON.stringify(service)} not found`
        conditions.set('ReferenceResolved', 'False', { reason: 'ResolveFailed', message })
      }
      if (isOwner && isThere) conditions.set('IngressReady', 'True')
      else conditions.set('IngressReady', 'Unknown', NOT_CONFIGURED)
    }
  }

  return {
    apply,
    remove(namespace, name) {
      const isGone = mappings.delete(`${namespace}/${name}`)
      refresh()
      return isGone
    },
    find: host => {
      if (mappings.size === 0) return undefined
      const mapping = holder(hostName(host))
      return mapping && { namespace: mapping.resource.namespace, name: mapping.service }
    },
    refresh,
    objects: () => [...mappings.values()].map(mapping => toObject(mapping, toUrl)),
  }
}

const CLAIMED = {
  reason: 'DomainAlreadyClaimed',
  message: 'The domain name is already in use by another DomainMapping',
}
const NOT_CONFIGURED = {
  reason: 'IngressNotConfigured',
  message: 'Ingress has not yet been reconciled.',
}

/** Gives the name of the Service that is referred to. */
function check({ document, name, namespace, file, line }: OtherResource): string {
  const problems: ManifestProblem[] = []
  const report = (field: string, message: string): void => {
    problems.push({ file, line, column: 1, field, message })
  }
  if (!HOST.test(name)) report('metadata.name', `invalid value: ${name}`)
  if (name.endsWith(CLUSTER_SUFFIX)) {
    report(
      'metadata.name',
      `invalid name "${name}": must not be a subdomain of cluster local domain "${CLUSTER_SUFFIX.slice(5)}"`,
    )
  }
  const spec = isObject(document.spec) ? document.spec : {}
  const ref = isObject(spec.ref) ? spec.ref : {}
  for (const key of ['apiVersion', 'kind', 'name']) {
    if (typeof ref[key] !== 'string' || ref[key] === '') {
      report(`spec.ref.${key}`, 'missing field(s)')
    }
  }
  if (problems.length === 0 && (ref.apiVersion !== SERVING || ref.kind !== 'Service')) {
    report('spec.ref', 'the emulator maps domains to Services of serving.knative.dev/v1 only')
  }
  if (ref.namespace !== undefined && ref.namespace !== '' && ref.namespace !== namespace) {
    report('spec.ref.namespace', `mapping namespace must be "${namespace}", got "${ref.namespace}"`)
  }
  if (problems.length > 0) throw new ManifestError(problems)
  return String(ref.name)
}

function toObject(
  { resource, identity, conditions }: Mapping,
  toUrl: (host: string) => string,
): KubeObject {
  const { name, namespace, document } = resource
  const metadata = isObject(document.metadata) ? document.metadata : {}
  const url = toUrl(name)
  return {
    apiVersion: 'serving.knative.dev/v1beta1',
    kind: 'DomainMapping',
    metadata: {
      ...(isObject(metadata.labels) && { labels: toTexts(metadata.labels) }),
      ...(isObject(metadata.annotations) && { annotations: toTexts(metadata.annotations) }),
      name,
      namespace,
      uid: identity.uid,
      generation: identity.generation(),
      creationTimestamp: identity.creationTimestamp,
    },
    spec: isObject(document.spec) ? document.spec : {},
    status: {
      observedGeneration: identity.generation(),
      conditions: conditions.list(),
      url,
      address: { url },
    },
  }
}

function toTexts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))
}
