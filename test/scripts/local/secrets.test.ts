import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ServiceResource } from '../../../scripts/emulator/manifests/types.ts'
import { openSecrets } from '../../../scripts/local/secrets.ts'
import { temporaryDirectory } from '../../fixtures/started.ts'

const services = [{ name: 'memory' }] as ServiceResource[]
let folder: ReturnType<typeof temporaryDirectory>
let file = ''
beforeEach(() => {
  folder = temporaryDirectory()
  file = join(folder.path, 'secrets.json')
})
afterEach(() => folder.remove())

test('a value is made once, strong, and found again, in a file of its owner alone', () => {
  const first = openSecrets(file, services)
  const value = first.resolve('aiwfe-auth', 'jwt-secret')
  first.save()
  expect(value?.length).toBeGreaterThanOrEqual(43)
  expect(openSecrets(file, services).resolve('aiwfe-auth', 'jwt-secret')).toBe(value)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('each function has a key pair, and only public halves are shared', () => {
  const secrets = openSecrets(file, services)
  const jwks = JSON.parse(secrets.resolve('aiwfe-identity', 'jwks') ?? '') as { keys: object[] }
  expect(jwks.keys.map(key => Object.keys(key).sort())).toEqual(
    jwks.keys.map(() => ['alg', 'crv', 'kid', 'kty', 'use', 'x']),
  )
  expect(secrets.resolve('aiwfe-identity', 'memory')).toContain('"d":')
})

test('an optional key that nobody gave stays absent', () => {
  expect(openSecrets(file, services).resolve('aiwfe-auth', 'previous', true)).toBeUndefined()
})

test('a mistyped key of a Secret that comes from elsewhere is an error, not a random value', () => {
  const secrets = openSecrets(file, services)
  secrets.provide('aiwfe-postgres', { url: 'postgres://x' })
  expect(() => secrets.resolve('aiwfe-postgres', 'uri')).toThrow(
    '"uri" must be a key of the Secret aiwfe-postgres, which has url',
  )
  expect(() => secrets.resolve('aiwfe-identity', 'memmory')).toThrow('which has')
})

test.each(['null', '[]', '{"a":1}', '{"aiwfe-identity":{"memory":"topsecret{"}}'])(
  'a file that reads %s is named, its content is not repeated',
  text => {
    writeFileSync(file, text)
    expect(() => openSecrets(file, services)).toThrow(`"${file}" cannot be read: restore it`)
    try {
      openSecrets(file, services)
    } catch (error) {
      expect(String(error)).not.toContain('topsecret')
    }
    expect(readFileSync(file, 'utf8')).toBe(text)
  },
)
