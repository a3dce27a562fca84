import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { EnvVar, ServiceResource } from '../../../scripts/emulator/manifests/types.ts'
import {
  createDatabaseRoles,
  mayMakeRoles,
  toRoleUrl,
} from '../../../scripts/local/database-roles.ts'
import { openSecrets, type Secrets } from '../../../scripts/local/secrets.ts'
import { temporaryDirectory } from '../../fixtures/started.ts'
import { openDatabase } from '../../fixtures/stores.ts'

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

const provideRoles = (
  secrets: Secrets,
  services: readonly ServiceResource[],
  ownerUrl: string,
  isShared = false,
): boolean => createDatabaseRoles({ secrets, ownerUrl, isShared }).provide(services)

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

test('where the owner may not make roles, everybody is the owner, and there is no password to learn', () => {
  const secrets = open()
  provideRoles(secrets, SERVICES, OWNER, true)
  expect(secrets.values('aiwfe-postgres')).toEqual({
    ...{ url: OWNER, chat: OWNER, 'order-desk': OWNER },
    roles: '{}',
  })
})

test('asks the database whether its owner may make roles', async () => {
  const { url, sql, close } = await openDatabase()
  onTestFinished(close)
  await sql.unsafe("create role plain login password 'plain-password'")
  onTestFinished(async () => void (await sql.unsafe('drop role plain')))
  expect(await mayMakeRoles(url)).toBe(true)
  expect(await mayMakeRoles(toRoleUrl(url, 'plain', 'plain-password'))).toBe(false)
})

test('a database that cannot be asked is not judged here', async () => {
  expect(await mayMakeRoles('postgres://owner@127.0.0.1:1/app')).toBe(true)
})

test('the database is the same, even where the address does not name it', () => {
  expect(toRoleUrl('postgres://owner@db', 'aiwfe_chat', 'p/w')).toBe(
    'postgres://aiwfe_chat:p%2Fw@db/owner',
  )
  expect(() => toRoleUrl('postgres:///app', 'aiwfe_chat', 'pw')).toThrow(
    '"DATABASE_URL" must name a host',
  )
})
