/** `readinessProbe`: how a replica proves that it can serve. */
import type { Field } from './field.ts'
import { readInteger, readText, refuseUnknown } from './read.ts'
import type { ReadinessProbe } from './types.ts'

const HANDLERS = ['httpGet', 'tcpSocket', 'grpc', 'exec']
const TIMING = [
  'initialDelaySeconds',
  'periodSeconds',
  'timeoutSeconds',
  'successThreshold',
  'failureThreshold',
]

/** Reads a probe; a missing one is Knative's default: TCP on the user port, aggressive polling. */
export function readProbe(probe: Field): ReadinessProbe {
  refuseUnknown(probe, [...HANDLERS, ...TIMING])
  const handlers = HANDLERS.filter(name => probe.get(name).value !== undefined)
  if (handlers.length > 1) probe.report(`expected exactly one, got both: ${handlers.join(', ')}`)
  const timing = readTiming(probe)
  if (handlers[0] === 'grpc' || handlers[0] === 'exec') {
    probe.get(handlers[0]).report('the emulator probes with httpGet or tcpSocket only')
  }
  if (handlers[0] !== 'httpGet') return { kind: 'tcp', ...timing }
  const http = probe.get('httpGet')
  refuseUnknown(http, ['path', 'port', 'host', 'scheme', 'httpHeaders'])
  const path = readText(http.get('path')) || '/'
  return {
    kind: 'http',
    path: path.startsWith('/') ? path : `/${path}`,
    headers: readHeaders(http),
    ...timing,
  }
}

function readTiming(probe: Field): Omit<ReadinessProbe, 'kind'> {
  const periodSeconds = readInteger(probe.get('periodSeconds'), { min: 0, fallback: 0 })
  const successThreshold = readInteger(probe.get('successThreshold'), { min: 1, fallback: 1 })
  if (periodSeconds === 0) {
    for (const name of ['failureThreshold', 'timeoutSeconds']) {
      if (probe.get(name).value) {
        probe.get(name).report(`${name} is disallowed when periodSeconds is zero`)
      }
    }
  }
  return {
    initialDelaySeconds: readInteger(probe.get('initialDelaySeconds'), { min: 0, fallback: 0 }),
    periodSeconds,
    timeoutSeconds: readInteger(probe.get('timeoutSeconds'), { min: 0, fallback: 0 }) || 1,
    successThreshold,
    failureThreshold: readInteger(probe.get('failureThreshold'), { min: 0, fallback: 0 }) || 3,
  }
}

function readHeaders(http: Field): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const item of http.get('httpHeaders').items()) {
    const name = readText(item.get('name'))
    if (name) headers[name.toLowerCase()] = readText(item.get('value')) ?? ''
  }
  return headers
}
