/** `spec.template.spec`: the one container of a revision and the limits around it. */
import { readEnv, readEnvFrom } from './env.ts'
import type { Field } from './field.ts'
import { readHealthProbe, readReadinessProbe } from './probe.ts'
import { readInteger, readRequired, readText, readTextList, refuseUnknown } from './read.ts'
import type { RevisionLimits } from './revision-limits.ts'
import { checkSecurityContext } from './security-context.ts'
import type { RevisionTemplate } from './types.ts'
import { checkVolumes, readMounts } from './volumes.ts'

/** The part of a template that its `spec` decides. */
export type RevisionSpec = Omit<RevisionTemplate, 'name' | 'labels' | 'annotations'>

const DEFAULT_PORT = 8080
const DEFAULT_TIMEOUT_SECONDS = 300

const SPEC_FIELDS = [
  'containers',
  'volumes',
  'containerConcurrency',
  'timeoutSeconds',
  'responseStartTimeoutSeconds',
  'idleTimeoutSeconds',
  'serviceAccountName',
  'imagePullSecrets',
  'initContainers',
  'securityContext',
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
  'nodeName',
  'nodeSelector',
  'priorityClassName',
  'restartPolicy',
  'runtimeClassName',
  'schedulerName',
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

/** `[registry/]repository[:tag][@digest]`; a registry has a dot, a port, or is localhost. */
const IMAGE =
  /^(?:(?:[A-Za-z0-9][-A-Za-z0-9.]*(?::\d+)?)\/)?[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,})?$/
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
/** Ports of the queue-proxy beside the container. */
const RESERVED_PORTS = [8008, 8012, 8013, 8022, 8112, 9090, 9091]

/** Reads and checks `spec.template.spec`. */
export function readRevisionSpec(spec: Field, limits: RevisionLimits): RevisionSpec {
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
  checkPod(spec)
  checkContainer(container)
  const command = readTextList(container.get('command'))
  const args = readTextList(container.get('args'))
  const workingDir = readText(container.get('workingDir'))
  const runAsUser = checkSecurityContext(container.get('securityContext'))
  const mounts = readMounts(spec.get('volumes'), container)
  const envFrom = readEnvFrom(container.get('envFrom'))
  const port = readPort(container.get('ports'))
  const responseStartTimeoutSeconds = optionalTimeout(spec, 'responseStartTimeoutSeconds')
  const idleTimeoutSeconds = optionalTimeout(spec, 'idleTimeoutSeconds')
  return {
    image: count === 0 ? '' : readImage(container.get('image')),
    ...(command && { command }),
    ...(args && { args }),
    ...(workingDir && { workingDir }),
    ...(runAsUser !== undefined && { runAsUser }),
    env: readEnv(container.get('env')),
    ...(envFrom.length > 0 && { envFrom }),
    ...(mounts.length > 0 && { mounts }),
    ...port,
    containerConcurrency: readInteger(spec.get('containerConcurrency'), {
      min: limits.minContainerConcurrency,
      max: limits.maxContainerConcurrency,
      fallback: 0,
    }),
    // 0 means "not set" to the webhook's defaulting (revision_defaults.go).
    timeoutSeconds:
      readInteger(spec.get('timeoutSeconds'), {
        min: 0,
        max: limits.maxTimeoutSeconds,
        fallback: 0,
      }) || DEFAULT_TIMEOUT_SECONDS,
    ...(responseStartTimeoutSeconds && { responseStartTimeoutSeconds }),
    ...(idleTimeoutSeconds && { idleTimeoutSeconds }),
    ...readProbes(container, port),
  }
}

function readProbes(
  container: Field,
  port: Pick<RevisionSpec, 'port' | 'portName'>,
): Pick<RevisionSpec, 'readinessProbe' | 'livenessProbe' | 'startupProbe'> {
  const livenessProbe = readHealthProbe(container.get('livenessProbe'), port)
  const startupProbe = readHealthProbe(container.get('startupProbe'), port)
  return {
    readinessProbe: readReadinessProbe(container.get('readinessProbe'), port),
    ...(livenessProbe && { livenessProbe }),
    ...(startupProbe && { startupProbe }),
  }
}

/** What the whole revision may not have. */
function checkPod(spec: Field): void {
  checkVolumes(spec.get('volumes'), spec.get('containers').items())
  const inits = spec.get('initContainers').items().length
  if (inits > 0) {
    spec
      .get('initContainers')
      .report(`pod spec support for init-containers is off, but found ${inits} init containers`)
  }
  for (const [, member] of spec.get('securityContext').members()) {
    member.report('must not set the field(s)')
  }
  const account = readText(spec.get('serviceAccountName')) ?? ''
  if (account !== '' && !DNS_SUBDOMAIN.test(account)) {
    spec.get('serviceAccountName').report(`invalid value: ${account}`)
  }
}

function checkContainer(container: Field): void {
  refuseUnknown(container.get('resources'), ['limits', 'requests'], ['claims'])
  const policy = readText(container.get('terminationMessagePolicy')) ?? ''
  if (!['', 'File', 'FallbackToLogsOnError'].includes(policy)) {
    container.get('terminationMessagePolicy').report(`invalid value: ${policy}`)
  }
}

function readImage(field: Field): string {
  const image = readRequired(field)
  if (image === '' || IMAGE.test(image)) return image
  field.report('Failed to parse image reference', {
    details: `image: ${JSON.stringify(image)}, error: could not parse reference: ${image}`,
  })
  return image
}

function optionalTimeout(spec: Field, name: string): number | undefined {
  return readInteger(spec.get(name), { min: 0, fallback: undefined })
}

function readPort(ports: Field): Pick<RevisionSpec, 'port' | 'portName'> {
  if (ports.items().length > 1) {
    ports.report('more than one container port is set', {
      details: 'Only a single port is allowed across all containers',
    })
  }
  const first = ports.get(0)
  refuseUnknown(first, ['name', 'containerPort', 'protocol'], ['hostPort', 'hostIP'])
  const name = readText(first.get('name')) || 'http1'
  if (name !== 'http1' && name !== 'h2c') {
    first.report(`Port name ${name} is not allowed`, {
      details: "Name must be empty, or one of: 'h2c', 'http1'",
    })
  }
  const protocol = readText(first.get('protocol')) || 'TCP'
  if (protocol !== 'TCP') first.get('protocol').report(`invalid value: ${protocol}`)
  const port =
    readInteger(first.get('containerPort'), { min: 0, max: 65_535, fallback: 0 }) || DEFAULT_PORT
  if (RESERVED_PORTS.includes(port)) {
    first.get('containerPort').report(`invalid value: ${port} is a reserved port`, {
      details: `${port} is a reserved port, please use a different value`,
    })
  }
  return { port, portName: name === 'h2c' ? 'h2c' : 'http1' }
}
