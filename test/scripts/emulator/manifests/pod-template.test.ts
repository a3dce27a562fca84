/** The spec and the name of a revision. */
import { expect, test } from 'vitest'
import { load, NO_LABEL, type Refusal, SERVICE, SPEC, said } from './fixture.ts'

test.each<Refusal>([
  [
    'a node',
    { spec: { nodeSelector: { a: 'b' } } },
    `must not set the field(s): ${SPEC}.nodeSelector`,
  ],
  [
    'the network of the host',
    { spec: { hostNetwork: true } },
    `must not set the field(s): ${SPEC}.hostNetwork`,
  ],
  [
    'a pod security context',
    { spec: { securityContext: { runAsUser: 1 } } },
    `must not set the field(s): ${SPEC}.securityContext.runAsUser`,
  ],
  [
    'init containers',
    { spec: { initContainers: [{ image: 'a' }] } },
    `pod spec support for init-containers is off, but found 1 init containers: ${SPEC}.initContainers`,
  ],
  [
    'an odd service account',
    { spec: { serviceAccountName: 'A_b' } },
    `invalid value: A_b: ${SPEC}.serviceAccountName`,
  ],
  [
    'too much concurrency',
    { spec: { containerConcurrency: 1001 } },
    `expected 0 <= 1001 <= 1000: ${SPEC}.containerConcurrency`,
  ],
  [
    'too long a timeout',
    { spec: { timeoutSeconds: 601 } },
    `expected 0 <= 601 <= 600: ${SPEC}.timeoutSeconds`,
  ],
  [
    'a revision name without the prefix',
    { template: { name: 'blue' } },
    'invalid value: "blue" must have prefix "orders-": spec.template.metadata.name',
  ],
  [
    'a revision name that is no label',
    { template: { name: 'orders-Blue' } },
    `invalid value: ${NO_LABEL}: spec.template.metadata.name`,
  ],
])('%s is refused in the words of the webhook', (_wrong, parts, words) => {
  expect(said(parts)).toContain(words)
})

test("the operator's limits hold in place of Knative's, wherever their ConfigMap is", () => {
  const spec = '    spec:\n      timeoutSeconds: 700\n      containerConcurrency: 20\n'
  const service = SERVICE.replace('    spec:\n', spec)
  const limits = (data: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-defaults\n  namespace: knative-serving\ndata:\n  ${data}\n`
  expect(() => load({ 'a.yaml': service })).toThrow(
    'a.yaml:9: spec.template.spec.timeoutSeconds: expected 0 <= 700 <= 600',
  )
  const raised = limits("max-revision-timeout-seconds: '900'")
  expect(load({ 'a.yaml': service, 'z.yaml': raised }).services).toHaveLength(1)
  const lowered = limits("container-concurrency-max-limit: '10'")
  expect(() => load({ 'a.yaml': service, 'z.yaml': lowered })).toThrow(
    'spec.template.spec.containerConcurrency: expected 0 <= 20 <= 10',
  )
  const nonzero = limits("allow-container-concurrency-zero: 'false'")
  const unlimited = service.replace('20', '0').replace('700', '7')
  expect(() => load({ 'a.yaml': unlimited, 'z.yaml': nonzero })).toThrow(
    'spec.template.spec.containerConcurrency: expected 1 <= 0 <= 1000',
  )
})
