import { describe, expect, test } from 'vitest'
import { readProxy } from '../../../shared/web/proxy.ts'

const PROXY = 'http://127.0.0.1:8080'

describe('a forward proxy', () => {
  test.each([
    ['http://memory.aiwfe-system.svc.cluster.local/x', '127.0.0.1,localhost,::1', true],
    ['http://127.0.0.1:9/', '127.0.0.1,localhost,::1', false],
    ['http://[::1]:9/', '127.0.0.1, localhost, ::1', false],
    ['http://a.example.org/', '.example.org', false],
    ['http://example.org/', '*.example.org', false],
    ['http://notexample.org/', 'example.org', true],
    ['http://anything/', '*', false],
    ['http://anything/', '', true],
  ])('%s with NO_PROXY %j is used: %s', (url, none, used) => {
    const proxyFor = readProxy({ HTTP_PROXY: PROXY, NO_PROXY: none })
    expect(proxyFor(new URL(url))?.href).toBe(used ? `${PROXY}/` : undefined)
  })

  test('is not there without the variable', () => {
    expect(readProxy({})(new URL('http://a/'))).toBeUndefined()
    expect(readProxy({ HTTP_PROXY: '' })(new URL('http://a/'))).toBeUndefined()
  })

  test('must speak plain http', () => {
    expect(() => readProxy({ HTTP_PROXY: 'socks5://h:1' })).toThrow(
      '"HTTP_PROXY" must be an http URL',
    )
  })
})
