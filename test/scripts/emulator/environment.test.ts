import { expect, test } from 'vitest'
import { type References, resolveReferences } from '../../../scripts/emulator/environment.ts'
import type { RevisionTemplate } from '../../../scripts/emulator/manifests/types.ts'
import { service } from './serving/world.ts'

const references: References = {
  configMap: (namespace, name) =>
    namespace === 'test' && name === 'settings' ? { LEVEL: 'info', 'bad key': 'x' } : undefined,
  secret: (_namespace, name) => (name === 'login' ? { LEVEL: 'secret', TOKEN: 't' } : undefined),
}

const resolve = (template: Partial<RevisionTemplate>): Record<string, string> =>
  resolveReferences(service('orders', template), references)

test('all keys of a source become variables, later sources and single variables are stronger', () => {
  const envFrom = [
    { kind: 'ConfigMap', name: 'settings', prefix: '', optional: false },
    { kind: 'Secret', name: 'login', prefix: '', optional: false },
    { kind: 'Secret', name: 'login', prefix: 'S_', optional: false },
    { kind: 'Secret', name: 'missing', prefix: '', optional: true },
  ] as const
  expect(resolve({ envFrom })).toEqual({
    LEVEL: 'secret',
    TOKEN: 't',
    S_LEVEL: 'secret',
    S_TOKEN: 't',
  })
  expect(resolve({ envFrom, env: [{ name: 'TOKEN', value: 'own' }] }).TOKEN).toBe('own')
})

test('a source that is not there is an error that says where', () => {
  const envFrom = [{ kind: 'ConfigMap', name: 'nothing', prefix: '', optional: false }] as const
  expect(() => resolve({ envFrom })).toThrow(
    'test.yaml:1: "envFrom" refers to ConfigMap nothing, which does not exist',
  )
})

test('a value may name variables that were set before it', () => {
  const env = [
    { name: 'HOST', value: 'db' },
    { name: 'URL', value: 'pg://$(HOST)/$(LATER)?$$(HOST)' },
    { name: 'LATER', value: 'x' },
    { name: 'PRICE', value: '5$ $' },
  ]
  expect(resolve({ env })).toMatchObject({ URL: 'pg://db/$(LATER)?$(HOST)', PRICE: '5$ $' })
})
