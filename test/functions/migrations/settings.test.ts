import { expect, test } from 'vitest'
import { migrationsSettings } from '../../../functions/migrations/settings.ts'
import { readConfig } from '../../../shared/config.ts'

const PASSWORD = 'sixteen-or-more-letters'
const read = (value: string): unknown =>
  readConfig(
    'migrations',
    { DATABASE_ROLES: migrationsSettings.DATABASE_ROLES },
    { DATABASE_ROLES: value },
  )

test('passwords are read by function', () => {
  const roles = { chat: PASSWORD, 'order-desk': PASSWORD }
  expect(read(JSON.stringify(roles))).toEqual({ DATABASE_ROLES: roles })
  expect(read('{}')).toEqual({ DATABASE_ROLES: {} })
})

test.each([
  ['{"chat":', 'must be a JSON object of passwords by function'],
  ['["chat"]', 'must be a JSON object'],
  ['null', 'must be a JSON object'],
  [`{"Chat":"${PASSWORD}"}`, 'got another for "Chat"'],
  [`{"${'a'.repeat(58)}":"${PASSWORD}"}`, 'got another for'],
  ['{"chat":"short"}', 'got another for "chat"'],
  ['{"chat":"with blanks in between"}', 'got another for "chat"'],
  ['{"chat":"ünlike-to-be-the-same"}', 'got another for "chat"'],
  ['{"chat":1234567890123456}', 'got another for "chat"'],
])('%s is refused, and not repeated', (value, message) => {
  expect(() => read(value)).toThrow(
    `"DATABASE_ROLES" ${message.startsWith('got') ? 'must give each function a password' : message}`,
  )
  expect(() => read(value)).toThrow(message)
  const [, password] = /:"(.+)"/.exec(value) ?? []
  if (password) expect(() => read(value)).not.toThrow(password)
})
