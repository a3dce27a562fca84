import { expect, test } from 'vitest'
import { parseManifests } from '../../../../scripts/emulator/manifests/load.ts'
import type { ManifestError } from '../../../../scripts/emulator/manifests/manifest-error.ts'
import type { RevisionTemplate } from '../../../../scripts/emulator/manifests/types.ts'
import { refusalOf } from './fixture.ts'

const TIMING = {
  initialDelaySeconds: 0,
  periodSeconds: 10,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
}

test('a probe of health without a word about time gets the defaults of Kubernetes', () => {
  const { livenessProbe, startupProbe } = read(`
          livenessProbe: { httpGet: { path: live, httpHeaders: [{ name: X-A, value: b }] } }
          startupProbe: { tcpSocket: { port: 8080 } }`)
  expect(livenessProbe).toEqual({ kind: 'http', path: '/live', headers: { 'x-a': 'b' }, ...TIMING })
  expect(startupProbe).toEqual({ kind: 'tcp', ...TIMING })
})

test('readiness is asked aggressively unless it has a period, which brings the defaults', () => {
  expect(read('').readinessProbe).toEqual({ kind: 'tcp', ...TIMING, periodSeconds: 0 })
  const { readinessProbe } = read(`
          readinessProbe: { grpc: { service: a.B }, periodSeconds: 5, successThreshold: 2 }`)
  expect(readinessProbe).toEqual({
    kind: 'grpc',
    service: 'a.B',
    ...TIMING,
    periodSeconds: 5,
    successThreshold: 2,
  })
})

test('a command may be asked, and timing without a handler is of the default one', () => {
  const { readinessProbe, livenessProbe } = read(`
          readinessProbe: { initialDelaySeconds: 3 }
          livenessProbe: { exec: { command: [cat, /tmp/healthy] }, failureThreshold: 1 }`)
  expect(readinessProbe).toMatchObject({ kind: 'tcp', initialDelaySeconds: 3, periodSeconds: 0 })
  expect(livenessProbe).toEqual({
    kind: 'exec',
    command: ['cat', '/tmp/healthy'],
    ...TIMING,
    failureThreshold: 1,
  })
})

test('the port may be named by the name of the container port', () => {
  const { readinessProbe } = read(`
          ports: [{ containerPort: 9999, name: h2c }]
          readinessProbe: { httpGet: { port: h2c } }`)
  expect(readinessProbe).toMatchObject({ kind: 'http', path: '/' })
})

test.each([
  [
    'readinessProbe: { failureThreshold: 2 }',
    'readinessProbe.failureThreshold',
    'failureThreshold is disallowed when periodSeconds is zero',
  ],
  [
    'readinessProbe: { timeoutSeconds: 2 }',
    'readinessProbe.timeoutSeconds',
    'timeoutSeconds is disallowed when periodSeconds is zero',
  ],
  [
    'readinessProbe: { periodSeconds: -1 }',
    'readinessProbe.periodSeconds',
    'expected 0 <= -1 <= 2147483647',
  ],
  [
    'livenessProbe: { httpGet: {}, exec: { command: [x] } }',
    'livenessProbe',
    'expected exactly one, got both: exec, httpGet',
  ],
  [
    'livenessProbe: { periodSeconds: 3 }',
    'livenessProbe',
    'expected exactly one, got neither: exec, grpc, httpGet, tcpSocket',
  ],
  [
    'startupProbe: { tcpSocket: {}, successThreshold: 2 }',
    'startupProbe.successThreshold',
    'must be 1, got 2',
  ],
  [
    'livenessProbe: { tcpSocket: {}, terminationGracePeriodSeconds: 1 }',
    'livenessProbe.terminationGracePeriodSeconds',
    'must not set the field(s)',
  ],
  [
    'readinessProbe: { httpGet: { port: web } }',
    'readinessProbe.httpGet.port',
    'invalid value: web: Probe port must match container port',
  ],
  [
    'readinessProbe: { tcpSocket: { port: 9000 } }',
    'readinessProbe.tcpSocket.port',
    'the emulator probes the container port (8080) only, got 9000',
  ],
  [
    'readinessProbe: { httpGet: { scheme: HTTPS } }',
    'readinessProbe.httpGet.scheme',
    'the emulator probes http://127.0.0.1 only, got "HTTPS"',
  ],
  [
    'readinessProbe: { httpGet: { pfad: / } }',
    'readinessProbe.httpGet.pfad',
    'unknown field "spec.template.spec.containers[0].readinessProbe.httpGet.pfad"',
  ],
  ['readinessProbe: { exec: {} }', 'readinessProbe.exec.command', 'missing field(s)'],
])('%s is refused', (line, field, message) => {
  const problems = refused(`
          ${line}`)
  expect(problems).toEqual([
    expect.objectContaining({ field: `spec.template.spec.containers[0].${field}`, message }),
  ])
})

const toText = (lines: string): string => `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: orders
spec:
  template:
    spec:
      containers:
        - image: registry.test/orders${lines}
`

function read(lines: string): RevisionTemplate {
  const [service] = parseManifests(toText(lines)).services
  if (!service) throw new Error('no Service was read')
  return service.template
}

const refused = (lines: string): ManifestError['problems'] =>
  refusalOf(() => parseManifests(toText(lines))).problems
