/** `spec` of a Service as the API shows it: what was written, with the webhook's defaults (serving v1 *_defaults.go). */
import { isObject } from '../manifests/field.ts'
import type { EnvVar, KeyReference, RevisionTemplate, ServiceResource } from '../manifests/types.ts'
import type { ClusterConfig } from './cluster-config.ts'

/** A mapping of a document. */
export type Json = Readonly<Record<string, unknown>>

/** The Service with what the operator's ConfigMaps say where it says nothing itself. */
export function withClusterDefaults(
  service: ServiceResource,
  { defaults }: ClusterConfig,
): ServiceResource {
  const spec = written(service)
  if (!spec) return service
  const { template } = service
  const timeoutSeconds = spec.timeoutSeconds ? template.timeoutSeconds : defaults.timeoutSeconds
  const below = (limit: number | undefined): number | undefined =>
    limit !== undefined && limit > 0 && limit < timeoutSeconds ? limit : undefined
  const responseStart =
    template.responseStartTimeoutSeconds ?? below(defaults.responseStartTimeoutSeconds)
  const idle = template.idleTimeoutSeconds ?? below(defaults.idleTimeoutSeconds)
  return {
    ...service,
    template: {
      ...template,
      timeoutSeconds,
      containerConcurrency:
        spec.containerConcurrency === undefined
          ? defaults.containerConcurrency
          : template.containerConcurrency,
      ...(responseStart !== undefined && { responseStartTimeoutSeconds: responseStart }),
      ...(idle !== undefined && { idleTimeoutSeconds: idle }),
    },
  }
}

/** `spec.template`; the Service has the cluster's defaults already. */
export function toTemplate(service: ServiceResource): Json {
  const { template } = service
  const source = objectAt(objectAt(service.document, 'spec'), 'template')
  const spec = objectAt(source, 'spec')
  const metadata = source ? objectAt(source, 'metadata') : toMetadata(template)
  const { responseStartTimeoutSeconds, idleTimeoutSeconds } = template
  return {
    ...(metadata && Object.keys(metadata).length > 0 && { metadata }),
    spec: {
      ...spec,
      containerConcurrency: template.containerConcurrency,
      containers: toContainers(spec, template),
      enableServiceLinks: spec?.enableServiceLinks ?? false,
      timeoutSeconds: template.timeoutSeconds,
      ...(responseStartTimeoutSeconds !== undefined && { responseStartTimeoutSeconds }),
      ...(idleTimeoutSeconds !== undefined && { idleTimeoutSeconds }),
    },
  }
}

/** `spec.traffic`. */
export function toTraffic({ traffic }: ServiceResource): Json[] {
  return traffic.map(({ revisionName, latestRevision, percent, tag }) => ({
    ...(revisionName !== undefined && { revisionName }),
    latestRevision,
    percent,
    ...(tag !== undefined && { tag }),
  }))
}

function toContainers(spec: Json | undefined, template: RevisionTemplate): Json[] {
  const given = Array.isArray(spec?.containers) ? spec.containers.filter(isObject) : undefined
  const containers = given ?? [toContainer(template)]
  return containers.map((container, index) => ({
    ...container,
    // A SinkBinding adds to what was written.
    ...(index === 0 && template.env.length > 0 && { env: template.env.map(toEnvVar) }),
    name:
      container.name || (containers.length === 1 ? 'user-container' : `user-container-${index}`),
    // A container beside the serving one has no port, and so no probe.
    ...((containers.length === 1 || container.ports !== undefined) && {
      readinessProbe: toProbe(objectAt(container, 'readinessProbe')),
    }),
    resources: container.resources ?? {},
    ...(Array.isArray(container.volumeMounts) && {
      volumeMounts: container.volumeMounts.filter(isObject).map(toMount(spec)),
    }),
  }))
}

/** What is no scratch space can only be read, whatever the mount asks for. */
function toMount(spec: Json | undefined): (mount: Json) => Json {
  const volumes = Array.isArray(spec?.volumes) ? spec.volumes.filter(isObject) : []
  const scratch = new Set(volumes.filter(({ emptyDir }) => emptyDir).map(({ name }) => name))
  return mount => (scratch.has(mount.name) ? mount : { ...mount, readOnly: true })
}

function toProbe(probe: Json | undefined): Json {
  const hasHandler = ['httpGet', 'tcpSocket', 'grpc', 'exec'].some(name => probe?.[name])
  const ordinary = Boolean(probe?.periodSeconds)
  return {
    ...probe,
    successThreshold: probe?.successThreshold || 1,
    ...(ordinary && {
      failureThreshold: probe?.failureThreshold || 3,
      timeoutSeconds: probe?.timeoutSeconds || 1,
    }),
    ...(!hasHandler && { tcpSocket: { port: 0 } }),
  }
}

/** For a Service that was made in code. */
function toContainer({ image, command, args, port, portName }: RevisionTemplate): Json {
  const isDefaultPort = port === 8080 && portName === 'http1'
  return {
    image,
    ...(command && { command }),
    ...(args && { args }),
    ...(!isDefaultPort && { ports: [{ containerPort: port, name: portName }] }),
  }
}

function toEnvVar(variable: EnvVar): Json {
  const { name } = variable
  if ('value' in variable) return { name, value: variable.value }
  return 'secret' in variable
    ? { name, valueFrom: { secretKeyRef: toKeyRef(variable.secret) } }
    : { name, valueFrom: { configMapKeyRef: toKeyRef(variable.configMap) } }
}

const toKeyRef = ({ name, key, optional }: KeyReference): Json => ({
  name,
  key,
  ...(optional && { optional }),
})

function toMetadata({ name, labels, annotations }: RevisionTemplate): Json {
  return {
    ...(name !== undefined && { name }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  }
}

const written = ({ document }: ServiceResource): Json | undefined =>
  document && (objectAt(objectAt(objectAt(document, 'spec'), 'template'), 'spec') ?? {})

function objectAt(value: Json | undefined, key: string): Json | undefined {
  const member = value?.[key]
  return isObject(member) ? member : undefined
}
