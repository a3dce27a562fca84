import { expect, test } from 'vitest'
import { createClientNetwork } from '../../../functions/gateway/client-address.ts'

const networkOf = createClientNetwork(['127.0.0.0/8', '::1/128', '10.0.0.0/8', 'fd00::/8'])

test.each([
  ['a direct client is its socket', '203.0.113.9', undefined, '203.0.113.9'],
  ['a stranger is not believed', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['our proxy is believed', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['only the last stranger is believed', '127.0.0.1', '6.6.6.6, 198.51.100.1', '198.51.100.1'],
  ['several proxies are passed', '::1', '6.6.6.6, 198.51.100.1, 10.1.2.3', '198.51.100.1'],
  ['garbage ends the walk', '127.0.0.1', '198.51.100.1, unknown', '127.0.0.1'],
  ['a client inside the trusted networks is itself', '127.0.0.1', '10.1.2.3', '10.1.2.3'],
  ['mapped IPv4 is IPv4', '::ffff:127.0.0.1', '::ffff:198.51.100.1', '198.51.100.1'],
  ['ports are cut off', '127.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
  ['IPv6 is its first half', '127.0.0.1', '[2001:db8:a:b:1:2:3:4]:443', '2001:db8:a:b::/64'],
  ['short IPv6 is spelled out', '127.0.0.1', '2001:DB8::7', '2001:db8:0:0::/64'],
  ['a zone is cut off', 'fe80::1%eth0', undefined, 'fe80:0:0:0::/64'],
  ['no socket, no network', undefined, '198.51.100.1', 'unknown'],
])('%s', (_, socket, forwarded, network) => {
  expect(networkOf(socket, forwarded)).toBe(network)
})

test('two spellings of one IPv6 network are one network', () => {
  expect(networkOf('2001:db8:0:0:1::', undefined)).toBe(networkOf('2001:0db8::9', undefined))
})
