/** What a Service may say, and what it is taken for. */
import { expect, test } from 'vitest'
import { load, type Parts, SERVICE, said } from './fixture.ts'

const MOUNT = { name: 'v', mountPath: '/data', readOnly: true }
const VOLUME = { name: 'v', secret: { secretName: 's' } }

test('a small Service gets the defaults of Knative', () => {
  const { services } = load({ 'a.yaml': SERVICE })
  expect(services).toEqual([
    {
      file: expect.stringMatching(/a\.yaml$/),
      line: 1,
      document: expect.objectContaining({ kind: 'Service' }),
      namespace: 'shop',
      name: 'orders',
      labels: {},
      annotations: {},
      template: {
        labels: {},
        annotations: {},
        image: 'registry.test/orders',
        env: [],
        port: 8080,
        portName: 'http1',
        containerConcurrency: 0,
        timeoutSeconds: 300,
        readinessProbe: {
          kind: 'tcp',
          initialDelaySeconds: 0,
          periodSeconds: 0,
          timeoutSeconds: 1,
          successThreshold: 1,
          failureThreshold: 3,
        },
      },
      traffic: [{ latestRevision: true, percent: 100 }],
    },
  ])
})

test('everything that a Service may say is read', () => {
  const { services } = load({
    'a.yaml': `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: orders
spec:
  template:
    metadata:
      name: orders-blue
      annotations:
        autoscaling.knative.dev/min-scale: "1"
    spec:
      containerConcurrency: 5
      timeoutSeconds: 60
      responseStartTimeoutSeconds: 10
      idleTimeoutSeconds: 20
      containers:
        - image: registry.test/orders
          command: [node]
          args: [index.js]
          ports: [{ containerPort: 3000, name: h2c }]
          env:
            - { name: A, value: "1" }
            - name: B
              valueFrom: { secretKeyRef: { name: s, key: k } }
            - name: C
              valueFrom: { configMapKeyRef: { name: m, key: k, optional: true } }
          readinessProbe:
            httpGet: { path: /health/ready, httpHeaders: [{ name: X-Probe, value: "1" }] }
            periodSeconds: 10
  traffic:
    - { revisionName: orders-green, percent: 20, tag: green }
    - { latestRevision: true, percent: 80 }
`,
  })
  expect(services[0]?.namespace).toBe('default')
  expect(services[0]?.traffic).toEqual([
    { revisionName: 'orders-green', latestRevision: false, percent: 20, tag: 'green' },
    { latestRevision: true, percent: 80 },
  ])
  expect(services[0]?.template).toMatchObject({
    name: 'orders-blue',
    command: ['node'],
    args: ['index.js'],
    port: 3000,
    portName: 'h2c',
    containerConcurrency: 5,
    timeoutSeconds: 60,
    responseStartTimeoutSeconds: 10,
    idleTimeoutSeconds: 20,
    env: [
      { name: 'A', value: '1' },
      { name: 'B', secret: { name: 's', key: 'k', optional: false } },
      { name: 'C', configMap: { name: 'm', key: 'k', optional: true } },
    ],
    readinessProbe: { kind: 'http', path: '/health/ready', headers: { 'x-probe': '1' } },
  })
})

test('what Knative lets through is let through', () => {
  const fine: Parts[] = [
    { metadata: { labels: { 'networking.knative.dev/visibility': 'cluster-local' } } },
    { metadata: { annotations: { 'networking.knative.dev/http-protocol': 'Redirected' } } },
    { metadata: { annotations: { 'serving.knative.dev/rollout-duration': '2m' } } },
    { template: { annotations: { 'autoscaling.knative.dev/unheard-of': 'x' } } },
    { template: { annotations: { 'autoscaling.knative.dev/class': 'custom.example.com' } } },
    {
      template: {
        annotations: { 'autoscaling.knative.dev/scale-to-zero-pod-retention-period': '1m5s' },
      },
    },
    { template: { annotations: { 'autoscaling.knative.dev/target-burst-capacity': '-1' } } },
    { container: { image: 'localhost:5000/a/b:v1' } },
    { container: { image: `ghcr.io/a/b@sha256:${'0'.repeat(64)}` } },
    { container: { securityContext: { runAsNonRoot: true, capabilities: { drop: ['ALL'] } } } },
    { container: { volumeMounts: [MOUNT] }, spec: { volumes: [VOLUME] } },
    {
      container: { volumeMounts: [{ name: 'v', mountPath: '/scratch' }] },
      spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    },
    { spec: { securityContext: {} } },
    { container: { envFrom: [{ prefix: 'A_', secretRef: { name: 's' } }] } },
  ]
  for (const parts of fine) expect(said(parts), JSON.stringify(parts)).toEqual([])
})
