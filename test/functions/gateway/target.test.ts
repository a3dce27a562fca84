import { expect, test } from 'vitest'
import { parseTarget } from '../../../functions/gateway/target.ts'
import { AppError } from '../../../shared/errors.ts'

test.each([
  ['/', '/', ''],
  ['/api/v1/memories', '/api/v1/memories', ''],
  [
    '/api/v1/memories/8f-2_~.x?limit=5&cursor=a%2Fb',
    '/api/v1/memories/8f-2_~.x',
    '?limit=5&cursor=a%2Fb',
  ],
  ['/a%20b', '/a%20b', ''],
  ['/.well-known/jwks.json', '/.well-known/jwks.json', ''],
])('%s is canonical', (target, path, search) => {
  expect(parseTarget(target)).toEqual({ path, search })
})

test.each([
  '',
  'http://evil.example/api',
  '*',
  '//api/health',
  '/api//health',
  '/api/./health',
  '/api/../health',
  '/api/..',
  '/api/%2e%2e/health',
  '/api/%2E/health',
  '/api%2fhealth',
  '/api%2Fhealth',
  '/api%5chealth',
  '/api\\health',
  '/api/%00',
  '/api\0',
  '/api;x=1/health',
  '/api/%zz',
  '/api/%',
  '/a b',
  '/ä',
  '/api?x=<script>',
  '/api#fragment',
])('%j is refused: two servers could read it in two ways', target => {
  try {
    parseTarget(target)
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    expect((error as AppError).code).toBe('invalid_request')
    return
  }
  expect.unreachable()
})
