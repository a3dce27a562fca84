/** What an emulator is made of: options and manifests that are taken, told of or refused. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createEmulator, type EmulatorOptions } from '../../../scripts/emulator/emulator.ts'
import { ManifestError } from '../../../scripts/emulator/manifests/manifest-error.ts'
import { temporaryDirectory } from './eventing/fixture.ts'
import { BROKER, started } from './test-api.fixture.ts'

test('the temporary folder goes with the emulator, a given one stays', async () => {
  const directory = ownTmpdir()
  const emulator = await createEmulator({ manifests: BROKER, clock: 'virtual' })
  expect(readdirSync(directory)).toEqual([expect.stringMatching(/^aiwfe-emulator-/)])
  await emulator.close()
  await emulator.close()
  expect(readdirSync(directory)).toEqual([])
  const own = join(directory, 'own')
  await (await createEmulator({ manifests: BROKER, clock: 'virtual', directory: own })).close()
  expect(readdirSync(directory)).toEqual(['own'])
})

test('manifests that cannot be are refused before anything starts', async () => {
  await expect(createEmulator({ manifests: [BROKER, BROKER] })).rejects.toThrow(ManifestError)
  await expect(createEmulator({ manifests: '/nowhere' })).rejects.toThrow('no such file or folder')
  await expect(createEmulator({ manifests: 'a: [\n' })).rejects.toThrow('not valid YAML')
})

test('a kind of Knative that is not emulated is told with its place', async () => {
  const emulator = await started({
    manifests: [
      `
apiVersion: sinks.knative.dev/v1alpha1
kind: IntegrationSink
metadata: { name: bucket, namespace: shop }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: postgres, namespace: shop }
`,
    ],
  })
  const warnings = emulator.logs().filter(({ level }) => level === 'warn')
  expect(warnings.map(({ scope, message }) => `${scope}: ${message}`)).toEqual([
    'bucket: manifest 1:2: sinks.knative.dev/v1alpha1/IntegrationSink is not emulated: it does nothing here',
  ])
  await using again = await createEmulator({ clock: 'virtual' })
  expect(again.logs()).toEqual([])
})

test.each([
  [{ clock: 'virtul' }, '"clock" must be virtual, real or a clock, got virtul'],
  [{ manifest: [] }, '"options" must be of manifests, clock'],
  [{ manifests: [3] }, '"manifests" must be paths, texts or objects, got number'],
  [{ handlers: { a: 3 } }, '"handlers.a" must be a function, got number'],
  [{ handlers: { 'a/b/c': () => new Response() } }, '"handlers" must have names or <namespace>/'],
])('options that cannot be are refused: %j', async (options, message) => {
  await expect(createEmulator(options as EmulatorOptions)).rejects.toThrow(message)
})

test('a handler with a name that no Service can have leaves no folder behind', async () => {
  const home = ownTmpdir()
  await expect(createEmulator({ handlers: { Bad_Name: () => new Response() } })).rejects.toThrow(
    'not a DNS 1035 label',
  )
  expect(readdirSync(home)).toEqual([])
})

function ownTmpdir(): string {
  const directory = temporaryDirectory()
  vi.stubEnv('TMPDIR', directory)
  onTestFinished(() => void vi.unstubAllEnvs())
  return directory
}
