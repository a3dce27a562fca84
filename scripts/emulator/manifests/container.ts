/** `spec.template.spec`: the one container of a revision and the limits around it. */
import { describe, type Field } from './field.ts'
import { readProbe } from './probe.ts'
import { readInteger, readRequired, readText, readTextList, refuseUnknown } from './read.ts'
import type { EnvVar, KeyReference, RevisionTemplate } from './types.ts'

/** The part of a template that its `spec` decides. */
export type RevisionSpec = Omit<RevisionTemplate, 'name' | 'labels' | 'annotations'>

const DEFAULT_PORT = 8080
const DEFAULT_TIMEOUT_SECONDS = 300
const MAX_TIMEOUT_SECONDS = 600
const MAX_CONTAINER_CONCURRENCY = 1000

const SPEC_FIELDS = [
  'containers',
  'volumes',
  'containerConcurrency',
  'timeoutSeconds',
  'responseStartTimeoutSeconds',
  'idleTimeoutSeconds',
  'serviceAccountName',
  'imagePullSecrets',
  'enableServiceLinks',
  'automountServiceAccountToken',
]
/** Pod fields that need a feature flag which is off by default (`kubernetes.podspec-*`), or are never allowed. */
const FORBIDDEN_SPEC_FIELDS = [
  'affinity',
  'dnsConfig',
  'dnsPolicy',
  'hostAliases',
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'hostname',
  'initContainers',
  'nodeName',
  'nodeSelector',
  'priorityClassName',
  'restartPolicy',
  'runtimeClassName',
  'schedulerName',
  'securityContext',
  'shareProcessNamespace',
  'subdomain',
  'terminationGracePeriodSeconds',
  'tolerations',
  'topologySpreadConstraints',
  'activeDeadlineSeconds',
]
const CONTAINER_FIELDS = [
  'name',
  'image',
  'imagePullPolicy',
  'command',
  'args',
  'env',
  'envFrom',
  'ports',
  'resources',
  'readinessProbe',
  'livenessProbe',
  'startupProbe',
  'securityContext',
  'volumeMounts',
  'workingDir',
  'terminationMessagePath',
  'terminationMessagePolicy',
]
const FORBIDDEN_CONTAINER_FIELDS = ['lifecycle', 'stdin', 'stdinOnce', 'tty', 'volumeDevices']

const RESERVED_ENV = ['PORT', 'K_SERVICE', 'K_CONFIGURATION', 'K_REVISION']
/** Ports of the queue-proxy beside the container. */
const RESERVED_PORTS = [8008, 8012, 8013, 8022, 8112, 9090, 9091]

/** Reads and checks `spec.template.spec`. */
export function readRevisionSpec(spec: Field): RevisionSpec {
  refuseUnknown(spec, SPEC_FIELDS, FORBIDDEN_SPEC_FIELDS)
  const containers = spec.get('containers')
  const count = containers.items().length
  if (count === 0) containers.report('missing field(s)')
  if (count > 1) containers.report(`the emulator runs one container per function, got ${count}`)
  const container = containers.get(0)
  refuseUnknown(container, CONTAINER_FIELDS, FORBIDDEN_CONTAINER_FIELDS)
  if (container.get('name').value === 'queue-proxy') {
    container.get('name').report('"queue-proxy" is a reserved container name')
  }
  if (container.get('envFrom').value !== undefined) {
    container.get('envFrom').report('the emulator needs each variable named under "env"')
  }
  const command = readTextList(container.get('command'))
  const args = readTextList(container.get('args'))
  const responseStartTimeoutSeconds = optionalTimeout(spec, 'responseStartTimeoutSeconds')
  const idleTimeoutSeconds = optionalTimeout(spec, 'idleTimeoutSeconds')
  return {
    image: count === 0 ? '' : readRequired(container.get('image')),
    ...(command && { command }),
    ...(args && { args }),
    env: readEnv(container.get('env')),
    ...readPort(container.get('ports')),
    containerConcurrency: readInteger(spec.get('containerConcurrency'), {
      min: 0,
      max: MAX_CONTAINER_CONCURRENCY,
      fallback: 0,
    }),
    // 0 means "not set" to the webhook's defaulting (revision_defaults.go).
    timeoutSeconds:
      readInteger(spec.get('timeoutSeconds'), { min: 0, max: MAX_TIMEOUT_SECONDS, fallback: 0 }) ||
      DEFAULT_TIMEOUT_SECONDS,
    ...(responseStartTimeoutSeconds && { responseStartTimeoutSeconds }),
    ...(idleTimeoutSeconds && { idleTimeoutSeconds }),
    readinessProbe: readProbe(container.get('readinessProbe')),
  }
}

function optionalTimeout(spec: Field, name: string): number | undefined {
  return readInteger(spec.get(name), { min: 0, fallback: undefined })
}

function readPort(ports: Field): Pick<RevisionSpec, 'port' | 'portName'> {
  if (ports.items().length > 1) ports.report('more than one container port is set')
  const first = ports.get(0)
  refuseUnknown(first, ['name', 'containerPort', 'protocol'], ['hostPort', 'hostIP'])
  const name = readText(first.get('name')) || 'http1'
  if (name !== 'http1' && name !== 'h2c') {
    first.get('name').report(`port name ${name} is not allowed, must be http1 or h2c`)
  }
  const protocol = readText(first.get('protocol')) || 'TCP'
  if (protocol !== 'TCP') first.get('protocol').report(`invalid value: ${protocol}`)
  const port = readInteger(first.get('containerPort'), {
    min: 1,
    max: 65_535,
    fallback: DEFAULT_PORT,
  })
  if (RESERVED_PORTS.includes(port)) {
    first.get('containerPort').report(`${port} is a reserved port`)
  }
  return { port, portName: name === 'h2c' ? 'h2c' : 'http1' }
}

function readEnv(env: Field): EnvVar[] {
  const seen = new Set<string>()
  return env.items().map(item => {
    refuseUnknown(item, ['name', 'value', 'valueFrom'])
    const name = readRequired(item.get('name'))
    if (RESERVED_ENV.includes(name)) {
      item.get('name').report(`"${name}" is a reserved environment variable`)
    }
    if (seen.has(name)) item.get('name').report(`"${name}" is set twice`)
    seen.add(name)
    if (item.get('valueFrom').value === undefined) {
      return { name, value: readText(item.get('value')) ?? '' }
    }
    if (item.get('value').value) item.report('expected exactly one, got both: value, valueFrom')
    return readReference(name, item.get('valueFrom'))
  })
}

function readReference(name: string, from: Field): EnvVar {
  refuseUnknown(from, ['secretKeyRef', 'configMapKeyRef'], ['fieldRef', 'resourceFieldRef'])
  const secret = from.get('secretKeyRef')
  const configMap = from.get('configMapKeyRef')
  if (secret.value !== undefined) return { name, secret: readKey(secret) }
  if (configMap.value !== undefined) return { name, configMap: readKey(configMap) }
  if (from.members().length === 0)
    from.report('expected exactly one, got neither: secretKeyRef, configMapKeyRef')
  return { name, value: '' }
}

function readKey(field: Field): KeyReference {
  refuseUnknown(field, ['name', 'key', 'optional'])
  const optional = field.get('optional')
  if (optional.value !== undefined && typeof optional.value !== 'boolean') {
    optional.report(`must be true or false, got ${describe(optional.value)}`)
  }
  return {
    name: readRequired(field.get('name')),
    key: readRequired(field.get('key')),
    optional: optional.value === true,
  }
}
