import { expect, test } from 'vitest'
import { createEmulator } from '../../../../scripts/emulator/emulator.ts'
import {
  DEFAULT_REVISION_LIMITS,
  findRevisionLimits,
  toRevisionLimits,
} from '../../../../scripts/emulator/manifests/revision-limits.ts'

const map = (namespace: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'config-defaults', namespace },
  data,
})

const service = (timeoutSeconds: number) => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name: 'orders', namespace: 'shop' },
  spec: { template: { spec: { timeoutSeconds, containers: [{ image: 'registry.test/orders' }] } } },
})

test('what the operator says holds, and what cannot be read does not', () => {
  expect(toRevisionLimits()).toEqual(DEFAULT_REVISION_LIMITS)
  expect(
    toRevisionLimits({
      'max-revision-timeout-seconds': '900',
      'container-concurrency-max-limit': '0',
      'allow-container-concurrency-zero': 'false',
    }),
  ).toEqual({
    maxTimeoutSeconds: 900,
    minContainerConcurrency: 1,
    maxContainerConcurrency: 1000,
  })
})

test("only the ConfigMap of Knative's own namespace counts", () => {
  const data = { 'max-revision-timeout-seconds': '900' }
  const documents = [null, 5, {}, map('default', data)]
  expect(findRevisionLimits(documents)).toEqual(DEFAULT_REVISION_LIMITS)
  expect(findRevisionLimits([...documents, map('knative-serving', data)]).maxTimeoutSeconds).toBe(
    900,
  )
})

test('the API takes what the ConfigMap allows now, and no more', async () => {
  await using emulator = await createEmulator({ clock: 'virtual' })
  const refusal = (limit: number): string =>
    `validation failed: expected 0 <= 901 <= ${limit}: spec.template.spec.timeoutSeconds`
  await expect(emulator.apply(service(901))).rejects.toThrow(refusal(600))
  await emulator.apply(map('knative-serving', { 'max-revision-timeout-seconds': '900' }))
  await expect(emulator.apply(service(901))).rejects.toThrow(refusal(900))
  await emulator.apply(service(900))
})
