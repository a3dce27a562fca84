/** The objects of one Service as the Kubernetes API shows them: Service, Configuration, Route, and of each Revision its own. */
import { type KubeObject, type ObjectMeta, toOwnerReference } from '../control/object.ts'
import type { Deployment } from './deployment.ts'
import { toRevisionObjects } from './revision-objects.ts'
import { type Json, toTraffic } from './service-defaults.ts'

/** The addresses of a Service. */
export interface ServiceUrls {
  /** Of the Service, or of one of its tags. */
  url(tag?: string): string
  /** Inside the cluster. */
  readonly address: string
}

const API_VERSION = 'serving.knative.dev/v1'
const GROUP = 'serving.knative.dev'
/** Who asks through the API is not told apart here. */
const USER = 'emulator'
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const ROLLOUT = [`${GROUP}/rollout-duration`, `${GROUP}/rolloutDuration`]

/** All of them; owners come before what they own. */
export function toServiceObjects(deployment: Deployment, urls: ServiceUrls): KubeObject[] {
  const service = toService(deployment, urls)
  const configuration = toConfiguration(deployment, service)
  return [
    service,
    configuration,
    toRoute(deployment, service, urls),
    ...deployment.configuration
      .records()
      .flatMap(record => toRevisionObjects(record, { service, configuration })),
  ]
}

function toService(deployment: Deployment, urls: ServiceUrls): KubeObject {
  const { identity, conditions, configuration } = deployment
  const service = deployment.service()
  const modifier = { [`${GROUP}/creator`]: USER, [`${GROUP}/lastModifier`]: USER }
  return {
    apiVersion: API_VERSION,
    kind: 'Service',
    metadata: {
      name: service.name,
      namespace: service.namespace,
      uid: identity.uid,
      generation: identity.generation(),
      creationTimestamp: identity.creationTimestamp,
      ...(Object.keys(service.labels).length > 0 && { labels: service.labels }),
      annotations: { ...modifier, ...service.annotations },
    },
    spec: { template: configuration.template(), traffic: toTraffic(service) },
    status: {
      observedGeneration: identity.generation(),
      conditions: conditions.list(),
      ...latestNames(deployment),
      ...routeStatus(deployment, urls),
    },
  }
}

function toConfiguration(deployment: Deployment, service: KubeObject): KubeObject {
  const { identity, conditions, template } = deployment.configuration
  return {
    apiVersion: API_VERSION,
    kind: 'Configuration',
    metadata: {
      ...ownedBy(service, [LAST_APPLIED, ...ROLLOUT], { serviceUID: service.metadata.uid }),
      uid: identity.uid,
      generation: identity.generation(),
      creationTimestamp: identity.creationTimestamp,
    },
    spec: { template: template() },
    status: {
      observedGeneration: identity.generation(),
      conditions: conditions.list(),
      ...latestNames(deployment),
    },
  }
}

function toRoute(deployment: Deployment, service: KubeObject, urls: ServiceUrls): KubeObject {
  const { identity, conditions } = deployment.route
  const { name } = service.metadata
  return {
    apiVersion: API_VERSION,
    kind: 'Route',
    metadata: {
      ...ownedBy(service, [LAST_APPLIED]),
      uid: identity.uid,
      generation: identity.generation(),
      creationTimestamp: identity.creationTimestamp,
    },
    spec: {
      traffic: toTraffic(deployment.service()).map(target =>
        target.revisionName === undefined ? { configurationName: name, ...target } : target,
      ),
    },
    status: {
      observedGeneration: identity.generation(),
      conditions: conditions.list(),
      ...routeStatus(deployment, urls),
    },
  }
}

/** What both the Configuration and the Service say. */
function latestNames({ configuration }: Deployment): Json {
  const created = configuration.latestCreated()
  const ready = configuration.latestReady()
  // What was adopted and must still come up serves already, but has not proved anything.
  const isProved = ready && !(ready.adopted && ready.readiness() === 'Unknown')
  return {
    ...(created && { latestCreatedRevisionName: created.name }),
    ...(isProved && { latestReadyRevisionName: ready.name }),
  }
}

/** What both the Route and the Service say. */
function routeStatus({ route }: Deployment, urls: ServiceUrls): Json {
  return {
    url: urls.url(),
    address: { url: urls.address },
    traffic: route.targets().map(({ revision, percent, latest, tag }) => ({
      revisionName: revision,
      latestRevision: latest,
      percent,
      ...(tag !== undefined && { tag, url: urls.url(tag) }),
    })),
  }
}

/** Labels and annotations are copied down, but for those that mean the Service alone. */
function ownedBy(
  service: KubeObject,
  without: readonly string[],
  labels: Readonly<Record<string, string>> = {},
): Pick<ObjectMeta, 'name' | 'namespace' | 'labels' | 'annotations' | 'ownerReferences'> {
  const { name, namespace, annotations = {} } = service.metadata
  const own = Object.entries(labels).map(([key, value]) => [`${GROUP}/${key}`, value])
  return {
    name,
    namespace,
    labels: {
      ...service.metadata.labels,
      [`${GROUP}/service`]: name,
      ...Object.fromEntries(own),
    },
    annotations: Object.fromEntries(
      Object.entries(annotations).filter(([key]) => !without.includes(key)),
    ),
    ownerReferences: [toOwnerReference(service)],
  }
}
