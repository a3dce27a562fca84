import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EnvVar, ServiceResource } from '../../../scripts/emulator/manifests/types.ts'
import { provideRoles, toRoleUrl } from '../../../scripts/local/database-roles.ts'
import { openSecrets, type Secrets } from '../../../scripts/local/secrets.ts'
import { temporaryDirectory } from '../../fixtures/started.ts'

const OWNER = 'postgres://owner:topsecret@db.example:5433/app?sslmode=require'

let folder: ReturnType<typeof temporaryDirectory>
beforeEach(() => {
  folder = temporaryDirectory()
})
afterEach(() => folder.remove())

const open = (): Secrets => openSecrets(join(folder.path, 'secrets.json'), [])
const key = (name: string, secret = 'aiwfe-postgres'): EnvVar => ({
  name: 'DATABASE_URL',
  secret: { name: secret, key: name, optional: false },
})
const service = (name: string, ...env: EnvVar[]): ServiceResource =>
  ({ name, template: { env } }) as unknown as ServiceResource

const SERVICES = [
  service('migrations', key('url'), key('roles')),
  service('order-desk', key('order-desk')),
  service('chat', key('chat'), { name: 'PLAIN', value: 'x' }, key('chat', 'other')),
  service('gateway'),
]

test('each function that the manifests name has an address of its own, the owner keeps his', () => {
  const secrets = open()
  provideRoles(secrets, SERVICES, OWNER)
  const values = secrets.values('aiwfe-postgres') ?? {}
  expect(Object.keys(values).sort()).toEqual(['chat', 'order-desk', 'roles', 'url'])
  expect(values.url).toBe(OWNER)
  const roles = JSON.parse(values.roles ?? '') as Record<string, string>
  expect(Object.keys(roles)).toEqual(['chat', 'order-desk'])
  expect(roles.chat).toMatch(/^[\w-]{43}$/)
  expect(roles.chat).not.toBe(roles['order-desk'])
  expect(values['order-desk']).toBe(
    `postgres://aiwfe_order_desk:${roles['order-desk']}@db.example:5433/app?sslmode=require`,
  )
})

test('passwords stay over starts, the addresses follow the owner and are not written down', () => {
  const secrets = open()
  provideRoles(secrets, SERVICES, OWNER)
  secrets.save()
  const again = open()
  expect(again.values('aiwfe-postgres')).toBeUndefined()
  provideRoles(again, SERVICES, 'postgres://me:pw@127.0.0.1:1/other')
  expect(again.values('aiwfe-postgres')?.roles).toBe(secrets.values('aiwfe-postgres')?.roles)
  expect(again.values('aiwfe-postgres')?.chat).toMatch(/@127\.0\.0\.1:1\/other$/)
})

test('tells when a function is new', () => {
  const secrets = open()
  expect(provideRoles(secrets, SERVICES, OWNER)).toBe(true)
  expect(provideRoles(secrets, SERVICES, OWNER)).toBe(false)
  expect(provideRoles(secrets, [...SERVICES, service('new', key('new'))], OWNER)).toBe(true)
})

test('the database is the same, even where the address does not name it', () => {
  expect(toRoleUrl('postgres://owner@db', 'aiwfe_chat', 'p/w')).toBe(
    'postgres://aiwfe_chat:p%2Fw@db/owner',
  )
  expect(() => toRoleUrl('postgres:///app', 'aiwfe_chat', 'pw')).toThrow(
    '"DATABASE_URL" must name a host',
  )
})
