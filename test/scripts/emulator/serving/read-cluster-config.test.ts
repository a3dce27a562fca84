import { expect, test } from 'vitest'
import {
  type ClusterConfig,
  DEFAULT_CLUSTER_CONFIG,
} from '../../../../scripts/emulator/serving/cluster-config.ts'
import { readClusterConfig } from '../../../../scripts/emulator/serving/read-cluster-config.ts'
import { createWorld, service } from './world.ts'

function read(
  name: string,
  data: Record<string, string>,
  namespace = 'knative-serving',
): { config: ClusterConfig; warnings: string[] } {
  const warnings: string[] = []
  const map = { file: 'config.yaml', line: 1, namespace, name, data }
  return { config: readClusterConfig([map], text => warnings.push(text)), warnings }
}

test('nothing said is what Knative has by default', () => {
  expect(readClusterConfig([])).toEqual(DEFAULT_CLUSTER_CONFIG)
  expect(read('config-autoscaler', { 'min-scale': '3' }, 'default').config).toEqual(
    DEFAULT_CLUSTER_CONFIG,
  )
})

test('what is said holds', () => {
  const scale = read('config-autoscaler', {
    'stable-window': '10s',
    'container-concurrency-target-percentage': '50',
    'target-burst-capacity': '-1',
    'enable-scale-to-zero': 'False',
  })
  expect(scale.config.autoscaler).toMatchObject({
    windowMs: 10_000,
    targetUtilization: 0.5,
    targetBurstCapacity: -1,
    scaleToZero: false,
  })
  const gc = read('config-gc', { 'max-non-active-revisions': 'disabled' })
  expect(gc.config.gc.maxNonActive).toBe(Number.POSITIVE_INFINITY)
  const network = read('config-network', { 'rollout-duration': '90' })
  expect(network.config.rolloutDurationMs).toBe(90_000)
  expect([...scale.warnings, ...gc.warnings, ...network.warnings]).toEqual([])
})

test.each([
  ['config-autoscaler', 'stable-window', 'disabled', 'whole seconds from 6s to 3600s'],
  ['config-autoscaler', 'stable-window', '0s', 'whole seconds from 6s to 3600s'],
  ['config-autoscaler', 'stable-window', '6.5s', 'whole seconds from 6s to 3600s'],
  ['config-autoscaler', 'scale-down-delay', '-1s', 'whole seconds from 0s to 3600s'],
  ['config-autoscaler', 'scale-to-zero-grace-period', '0s', 'a duration above 0s'],
  ['config-autoscaler', 'max-scale-down-rate', '1', 'a number above 1'],
  ['config-autoscaler', 'max-scale-up-rate', '0', 'a number above 1'],
  ['config-autoscaler', 'container-concurrency-target-percentage', '0', 'a number above 0 and at'],
  ['config-autoscaler', 'container-concurrency-target-default', '-3', 'a number of at least 0.01'],
  ['config-autoscaler', 'target-burst-capacity', '-5', 'a number of at least 0, or -1'],
  ['config-autoscaler', 'activator-capacity', '0', 'a number of at least 1'],
  ['config-autoscaler', 'panic-window-percentage', '0', 'a number from 1 to 100'],
  ['config-autoscaler', 'min-scale', '1.5', 'a whole number of at least 0'],
  ['config-autoscaler', 'initial-scale', '0', 'a whole number of at least 1'],
  ['config-autoscaler', 'enable-scale-to-zero', 'maybe', 'true or false'],
  ['config-gc', 'min-non-active-revisions', '-1', 'a whole number of at least 0, or disabled'],
  ['config-defaults', 'revision-timeout-seconds', '601', 'a whole number from 1 to 600'],
  ['config-defaults', 'container-concurrency', '1001', 'a whole number from 0 to 1000'],
  ['config-defaults', 'max-revision-timeout-seconds', 'x', 'a whole number of at least 1'],
  ['config-network', 'rollout-duration', '-1', 'a whole number of at least 0'],
  ['config-deployment', 'progress-deadline', '0s', 'whole seconds of at least 1s'],
])('%s with %s of %s keeps its default, and says what it must be', (name, key, value, rule) => {
  const { config, warnings } = read(name, { [key]: value })
  expect(config).toEqual(DEFAULT_CLUSTER_CONFIG)
  expect(warnings).toEqual([expect.stringContaining(`ConfigMap ${name}: "${key}" must be ${rule}`)])
  expect(warnings[0]).toContain(`, got "${value}": the default holds`)
})

test('what means nothing here is said, examples are not', () => {
  const { warnings } = read('config-network', { _example: 'text', 'http-protocol': 'Redirected' })
  expect(warnings).toEqual(['ConfigMap config-network: "http-protocol" means nothing here'])
  expect(read('config-features', { 'multi-container': 'enabled' }).warnings).toEqual([
    'ConfigMap config-features means nothing here',
  ])
})

test('a window that cannot be does not keep functions from running', async () => {
  const { config } = read('config-autoscaler', { 'stable-window': 'disabled' })
  const world = await createWorld([service('orders')], { config })
  expect((await world.call('orders.localhost')).status).toBe(200)
})
