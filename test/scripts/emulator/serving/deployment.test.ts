/** Revisions on their way to traffic. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ManifestError } from '../../../../scripts/emulator/manifests/manifest-error.ts'
import { find, ready, revisions } from './objects.fixture.ts'
import { createWorld, service, until } from './world.ts'

const two = { vars: { GREETING: 'two' } }

const three = { vars: { GREETING: 'three' } }

test('a newer template takes over while the one before is still being proved', async () => {
  const world = await createWorld([])
  const slow = world.serving.deploy(service('orders', { vars: { START_MS: '60000' } }))
  await until('created', () => revisions(world).length === 1)
  const next = await world.serving.deploy(service('orders', two))
  expect(next.name).toBe('orders-00002')
  // Who waits for the first gets what the Service came to.
  expect((await slow).name).toBe('orders-00002')
  const labels = find(world, 'Revision', 'orders-00001')?.metadata.labels
  expect(labels?.['serving.knative.dev/routingState']).toBe('reserve')
  expect((await world.call('orders.localhost')).revision).toBe('orders-00002')
})

test('traffic moves only when as many replicas are ready as the initial scale asks for', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  const annotations = { 'autoscaling.knative.dev/initial-scale': '3' }
  const status = await world.serving.deploy(service('orders', { ...two, annotations }))
  expect(status).toMatchObject({ name: 'orders-00002', ready: 3 })
})

test('a failed revision is tried again, and takes over when it comes up after all', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  const directory = mkdtempSync(join(tmpdir(), 'deployment-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const vars = { COUNTER_FILE: join(directory, 'starts'), CRASHES: '1' }
  const broken = { script: 'crash', vars }
  await expect(world.serving.deploy(service('orders', broken))).rejects.toThrow('did not start')
  expect((await world.call('orders.localhost')).revision).toBe('orders-00001')
  await world.clock.advance(2_000)
  await until('healed', () => ready(world, 'Service', 'orders').status === 'True')
  expect((await world.call('orders.localhost')).revision).toBe('orders-00002')
})

test('a revision of a name of its own keeps to the rule of names', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders', { name: 'orders-blue' }))
  expect(revisions(world)).toEqual(['orders-blue'])
  const kept = service('orders', { name: 'orders-blue', ...two })
  expect(() => world.serving.apply(kept)).toThrow(ManifestError)
  expect(() => world.serving.apply(kept)).toThrow(
    'spec.template.metadata.name: Saw the following changes without a name change (-old +new)',
  )
  await world.serving.deploy(service('orders', { name: 'orders-green', ...two }))
  // Back to a template that has its revision still: no new one.
  world.serving.apply(service('orders', { name: 'orders-blue' }))
  expect(revisions(world)).toEqual(['orders-blue', 'orders-green'])
  expect((await world.call('orders.localhost')).revision).toBe('orders-blue')
  // The name is that of another template.
  world.serving.apply(service('orders', { name: 'orders-green', ...three }))
  expect(ready(world, 'Configuration', 'orders')).toMatchObject({
    status: 'False',
    reason: 'RevisionFailed',
    message:
      'Revision creation failed with message: revisions.serving.knative.dev "orders-green" already exists.',
  })
  expect(ready(world, 'Service', 'orders')).toMatchObject({
    reason: 'RevisionNameTaken',
    message:
      'The revision name "orders-green" is taken by a conflicting Revision, so traffic will not be migrated',
  })
  expect((await world.call('orders.localhost')).revision).toBe('orders-blue')
})

test('a revision that was replaced before it came up is proved when traffic is sent to it', async () => {
  const world = await createWorld([])
  await world.serving.deploy(service('orders'))
  world.serving.apply(service('orders', { vars: { START_MS: '300' } }))
  await world.serving.deploy(service('orders', two))
  await until('stopped', () => world.serving.status()[0]?.replicas.starting === 0)
  expect(ready(world, 'Revision', 'orders-00002').status).toBe('Unknown')
  const traffic = [{ revisionName: 'orders-00002', latestRevision: false, percent: 100 }]
  world.serving.apply(service('orders', two, { traffic }))
  await until('proved', () => ready(world, 'Revision', 'orders-00002').status === 'True')
  expect((await world.call('orders.localhost')).revision).toBe('orders-00002')
})
