/** The container of a Service: what is read, and what is refused. */
import { expect, test } from 'vitest'
import { readJsonDocument } from '../../../../scripts/emulator/manifests/read-document.ts'
import { CONTAINER, failure, type Refusal, SERVICE, said } from './fixture.ts'

test.each<Refusal>([
  [
    'an image that is none',
    { container: { image: 'Not An Image' } },
    `Failed to parse image reference: ${CONTAINER}.image\nimage: "Not An Image", error: could not parse reference: Not An Image`,
  ],
  ['a missing image', { container: { image: '' } }, `missing field(s): ${CONTAINER}.image`],
  [
    'a reserved container name',
    { container: { name: 'queue-proxy' } },
    `"queue-proxy" is a reserved container name: ${CONTAINER}.name`,
  ],
  [
    'a port of the sidecar',
    { container: { ports: [{ containerPort: 8012 }] } },
    `invalid value: 8012 is a reserved port: ${CONTAINER}.ports[0].containerPort\n8012 is a reserved port, please use a different value`,
  ],
  [
    'a port beyond all ports',
    { container: { ports: [{ containerPort: 65_536 }] } },
    `expected 0 <= 65536 <= 65535: ${CONTAINER}.ports[0].containerPort`,
  ],
  [
    'UDP',
    { container: { ports: [{ containerPort: 1, protocol: 'UDP' }] } },
    `invalid value: UDP: ${CONTAINER}.ports[0].protocol`,
  ],
  [
    'a port of the host',
    { container: { ports: [{ containerPort: 1, hostPort: 1 }] } },
    `must not set the field(s): ${CONTAINER}.ports[0].hostPort`,
  ],
  [
    'a port name of its own',
    { container: { ports: [{ containerPort: 1, name: 'grpc' }] } },
    `Port name grpc is not allowed: ${CONTAINER}.ports[0]\nName must be empty, or one of: 'h2c', 'http1'`,
  ],
  [
    'privileges',
    { container: { securityContext: { privileged: true } } },
    `must not set the field(s): ${CONTAINER}.securityContext.privileged`,
  ],
  [
    'more capabilities',
    { container: { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } } },
    `must not set the field(s): ${CONTAINER}.securityContext.capabilities.add`,
  ],
  [
    'a user out of range',
    { container: { securityContext: { runAsUser: 2 ** 31 } } },
    `expected 0 <= 2147483648 <= 2147483647: ${CONTAINER}.securityContext.runAsUser`,
  ],
  [
    'resource claims',
    { container: { resources: { claims: [] } } },
    `must not set the field(s): ${CONTAINER}.resources.claims`,
  ],
  [
    'an odd termination message',
    { container: { terminationMessagePolicy: 'Both' } },
    `invalid value: Both: ${CONTAINER}.terminationMessagePolicy`,
  ],
  [
    'a source of two kinds',
    { container: { envFrom: [{ secretRef: { name: 's' }, configMapRef: { name: 'c' } }] } },
    `expected exactly one, got both: ${CONTAINER}.envFrom[0].configMapRef, ${CONTAINER}.envFrom[0].secretRef`,
  ],
  [
    'a source of no kind',
    { container: { envFrom: [{}] } },
    `expected exactly one, got neither: ${CONTAINER}.envFrom[0].configMapRef, ${CONTAINER}.envFrom[0].secretRef`,
  ],
  [
    'an unknown field',
    { container: { imgae: 'x' } },
    `unknown field "${CONTAINER}.imgae": ${CONTAINER}.imgae`,
  ],
])('%s is refused in the words of the webhook', (_wrong, parts, words) => {
  expect(said(parts)).toContain(words)
})

test.each([
  [
    'PORT in the environment',
    'env: [{ name: PORT, value: "1" }]',
    `${CONTAINER}.env[0].name`,
    '"PORT" is a reserved environment variable',
  ],
  [
    'a number as a value',
    'env: [{ name: A, value: 1 }]',
    `${CONTAINER}.env[0].value`,
    'must be a string, got number 1: put it in quotes',
  ],
  [
    'a name set twice',
    'env: [{ name: A, value: "1" }, { name: A, value: "2" }]',
    `${CONTAINER}.env[1].name`,
    '"A" is set twice',
  ],
  [
    'a fieldRef',
    'env: [{ name: A, valueFrom: { fieldRef: { fieldPath: x } } }]',
    `${CONTAINER}.env[0].valueFrom.fieldRef`,
    'must not set the field(s)',
  ],
  [
    'two ports',
    'ports: [{ containerPort: 1 }, { containerPort: 2 }]',
    `${CONTAINER}.ports`,
    'more than one container port is set',
  ],
  [
    'a reserved port',
    'ports: [{ containerPort: 8012 }]',
    `${CONTAINER}.ports[0].containerPort`,
    'invalid value: 8012 is a reserved port',
  ],
  [
    'an odd port name',
    'ports: [{ containerPort: 1, name: grpc }]',
    `${CONTAINER}.ports[0]`,
    'Port name grpc is not allowed',
  ],
  [
    'two probe handlers',
    'readinessProbe: { httpGet: {}, tcpSocket: {} }',
    `${CONTAINER}.readinessProbe`,
    'expected exactly one, got both: httpGet, tcpSocket',
  ],
  [
    'a threshold without a period',
    'readinessProbe: { failureThreshold: 2 }',
    `${CONTAINER}.readinessProbe.failureThreshold`,
    'failureThreshold is disallowed when periodSeconds is zero',
  ],
  ['a lifecycle hook', 'lifecycle: {}', `${CONTAINER}.lifecycle`, 'must not set the field(s)'],
  ['an unknown field', 'imgae: x', `${CONTAINER}.imgae`, `unknown field "${CONTAINER}.imgae"`],
])('a container with %s is refused', (_name, line, field, message) => {
  const error = failure({ 'a.yaml': `${SERVICE}          ${line}\n` })
  expect(error.problems).toEqual([expect.objectContaining({ field, message, line: 11 })])
})

test('the container says what runs, where, as whom and with which environment', () => {
  const { result } = readJsonDocument(
    {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'orders' },
      spec: {
        template: {
          spec: {
            containers: [
              {
                image: 'registry.test/orders',
                command: ['node'],
                args: ['a.js'],
                workingDir: '/app',
                securityContext: { runAsUser: 1000 },
                envFrom: [
                  { configMapRef: { name: 'c' } },
                  { prefix: 'S_', secretRef: { name: 's', optional: true } },
                ],
              },
            ],
          },
        },
      },
    },
    'test',
  )
  expect(result?.resource).toMatchObject({
    template: {
      command: ['node'],
      args: ['a.js'],
      workingDir: '/app',
      runAsUser: 1000,
      envFrom: [
        { kind: 'ConfigMap', name: 'c', prefix: '', optional: false },
        { kind: 'Secret', name: 's', prefix: 'S_', optional: true },
      ],
    },
  })
})
