import { expect, test } from 'vitest'
import {
  ConfigError,
  choice,
  integer,
  jwk,
  jwks,
  readConfig,
  secret,
  text,
  url,
} from '../../shared/config.ts'

const settings = {
  NAME: text('a name'),
  PORT: integer('a port', 8080, { max: 65_535 }),
  KEY: secret('a key', 8),
  BASE: url('an address', 'http://host'),
  MODE: choice('a mode', ['a', 'b'], 'a'),
}

test('reads, defaults and freezes', () => {
  const config = readConfig('x', settings, { NAME: 'n', KEY: '12345678', BASE: 'https://h/p/' })
  expect(config).toEqual({ NAME: 'n', PORT: 8080, KEY: '12345678', BASE: 'https://h/p', MODE: 'a' })
  expect(Object.isFrozen(config)).toBe(true)
})

test('reports every problem at once, with where to set it', () => {
  const read = (): unknown =>
    readConfig('x', settings, { PORT: 'many', MODE: 'c', BASE: 'ftp://h' })
  expect(read).toThrow(ConfigError)
  try {
    read()
  } catch (error) {
    const { problems, message } = error as ConfigError
    expect(problems).toEqual([
      '"NAME" is missing: a name',
      '"PORT" must be a whole number from 0 to 65535, got "many"',
      '"KEY" is missing: a key',
      '"BASE" must be an http or https URL, got "ftp://h"',
      '"MODE" must be one of a, b, got "c"',
    ])
    expect(message).toContain('knative/functions/x.yaml')
  }
})

test('never repeats a secret', () => {
  expect(() => readConfig('x', settings, { NAME: 'n', KEY: 'short' })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('short\b') }),
  )
  try {
    readConfig('x', settings, { NAME: 'n', KEY: 'hunter2' })
    expect.unreachable()
  } catch (error) {
    expect((error as Error).message).not.toContain('hunter2')
  }
})

test('an empty value counts as unset', () => {
  expect(readConfig('x', { PORT: settings.PORT }, { PORT: '' })).toEqual({ PORT: 8080 })
})

const x = 'A'.repeat(43)
const key = { kty: 'OKP', crv: 'Ed25519', x }
const keySettings = { KEY: jwk('a key'), KEYS: jwks('keys') }

test('keeps the text of keys', () => {
  const env = { KEY: JSON.stringify({ ...key, d: x }), KEYS: JSON.stringify({ keys: [key] }) }
  expect(readConfig('x', keySettings, env)).toEqual(env)
})

test.each([
  ['{"d":"hunter2', '{"keys":"hunter2'],
  ['null', 'null'],
  ['[]', '[]'],
  [JSON.stringify(key), JSON.stringify(key)],
  [JSON.stringify({ ...key, d: 'hunter2' }), JSON.stringify({ keys: [{ ...key, d: 'hunter2' }] })],
  [JSON.stringify({ ...key, d: x, crv: 'X25519' }), JSON.stringify({ keys: [null] })],
  [JSON.stringify({ ...key, d: x, x: 'short' }), JSON.stringify({ keys: [{ ...key, x: 1 }] })],
])('refuses the keys %s and %s without repeating them', (KEY, KEYS) => {
  const read = (): unknown => readConfig('x', keySettings, { KEY, KEYS })
  expect(read).toThrow(
    expect.objectContaining({
      problems: [
        '"KEY" must be a private Ed25519 key as a JWK',
        '"KEYS" must be a JWKS of public Ed25519 keys',
      ],
    }),
  )
})
