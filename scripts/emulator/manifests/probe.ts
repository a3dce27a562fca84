/** Probes of a container: how a replica proves that it can serve, that it lives, and that it has started. */
import type { Field } from './field.ts'
import { readInteger, readRequired, readText, readTextList, refuseUnknown } from './read.ts'
import type { Probe, ProbeCheck, ProbeTiming } from './types.ts'

/** The one port that probes may ask, by number and by name. */
export interface ProbePort {
  readonly port: number
  readonly portName: string
}

const HANDLERS = ['exec', 'grpc', 'httpGet', 'tcpSocket']
const TIMING = [
  'initialDelaySeconds',
  'periodSeconds',
  'timeoutSeconds',
  'successThreshold',
  'failureThreshold',
]
/** Of Kubernetes, where Knative has no word of its own. */
const DEFAULTS = { periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3 }

/** `readinessProbe`; a missing one, or one without a handler, is Knative's default: TCP on the user port. */
export function readReadinessProbe(probe: Field, port: ProbePort): Probe {
  const check = readCheck(probe, port) ?? { kind: 'tcp' }
  const timing = readTiming(probe, 0)
  if (timing.periodSeconds === 0) {
    for (const name of ['failureThreshold', 'timeoutSeconds']) {
      if (probe.get(name).value) {
        probe.get(name).report(`${name} is disallowed when periodSeconds is zero`)
      }
    }
  }
  return { ...check, ...timing }
}

/** `livenessProbe` or `startupProbe`; undefined when there is none. */
export function readHealthProbe(probe: Field, port: ProbePort): Probe | undefined {
  if (probe.value === undefined || probe.value === null) return undefined
  const check = readCheck(probe, port)
  if (!check) probe.report(`expected exactly one, got neither: ${HANDLERS.join(', ')}`)
  const timing = readTiming(probe, DEFAULTS.periodSeconds)
  if (timing.successThreshold !== 1) {
    probe.get('successThreshold').report(`must be 1, got ${timing.successThreshold}`)
  }
  return { ...(check ?? { kind: 'tcp' }), ...timing, successThreshold: 1 }
}

function readTiming(probe: Field, defaultPeriod: number): ProbeTiming {
  return {
    initialDelaySeconds: readSeconds(probe, 'initialDelaySeconds'),
    periodSeconds: readSeconds(probe, 'periodSeconds') || defaultPeriod,
    timeoutSeconds: readSeconds(probe, 'timeoutSeconds') || DEFAULTS.timeoutSeconds,
    successThreshold: readSeconds(probe, 'successThreshold') || 1,
    failureThreshold: readSeconds(probe, 'failureThreshold') || DEFAULTS.failureThreshold,
  }
}

/** 0 is as good as nothing said, for the webhook fills defaults in before it looks. */
const readSeconds = (probe: Field, name: string): number =>
  readInteger(probe.get(name), { min: 0, max: 2_147_483_647, fallback: 0 })

function readCheck(probe: Field, port: ProbePort): ProbeCheck | undefined {
  refuseUnknown(probe, [...HANDLERS, ...TIMING], ['terminationGracePeriodSeconds'])
  const given = HANDLERS.filter(name => isGiven(probe.get(name)))
  if (given.length > 1) probe.report(`expected exactly one, got both: ${given.join(', ')}`)
  const [name] = given
  return name === undefined ? undefined : READERS[name]?.(probe.get(name), port)
}

const READERS: Record<string, (check: Field, port: ProbePort) => ProbeCheck> = {
  httpGet: (check, port) => {
    refuseUnknown(check, ['path', 'port', 'host', 'scheme', 'httpHeaders'])
    checkPort(check.get('port'), port)
    refuseOther(check.get('host'), ['', '127.0.0.1', 'localhost'])
    refuseOther(check.get('scheme'), ['', 'HTTP'])
    const path = readText(check.get('path')) || '/'
    return {
      kind: 'http',
      path: path.startsWith('/') ? path : `/${path}`,
      headers: readHeaders(check),
    }
  },
  tcpSocket: (check, port) => {
    refuseUnknown(check, ['port', 'host'])
    checkPort(check.get('port'), port)
    refuseOther(check.get('host'), ['', '127.0.0.1', 'localhost'])
    return { kind: 'tcp' }
  },
  grpc: (check, port) => {
    refuseUnknown(check, ['port', 'service'])
    checkPort(check.get('port'), port)
    return { kind: 'grpc', service: readText(check.get('service')) ?? '' }
  },
  exec: check => {
    refuseUnknown(check, ['command'])
    const command = readTextList(check.get('command')) ?? []
    if (command.length === 0) check.get('command').report('missing field(s)')
    return { kind: 'exec', command }
  },
}

/** Knative asks the user port; a replica here has no other. */
function checkPort(field: Field, { port, portName }: ProbePort): void {
  const { value } = field
  if (!isGiven(field) || value === 0 || value === port || value === portName) return
  if (typeof value === 'string') {
    field.report(`invalid value: ${value}: Probe port must match container port`)
  } else {
    field.report(
      `the emulator probes the container port (${port}) only, got ${JSON.stringify(value)}`,
    )
  }
}

function refuseOther(field: Field, known: readonly string[]): void {
  const text = readText(field) ?? ''
  if (!known.includes(text)) {
    field.report(`the emulator probes http://127.0.0.1 only, got ${JSON.stringify(text)}`)
  }
}

function readHeaders(http: Field): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const item of http.get('httpHeaders').items()) {
    refuseUnknown(item, ['name', 'value'])
    const name = readRequired(item.get('name'))
    if (name) headers[name.toLowerCase()] = readText(item.get('value')) ?? ''
  }
  return headers
}

const isGiven = ({ value }: Field): boolean => value !== undefined && value !== null
