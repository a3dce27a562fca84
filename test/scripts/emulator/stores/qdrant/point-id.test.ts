import { expect, it } from 'vitest'
import { parsePointId } from '../../../../../scripts/emulator/stores/qdrant/point-id.ts'

const UUID = '550e8400-e29b-41d4-a716-446655440000'

it.each([UUID, UUID.toUpperCase(), UUID.replaceAll('-', ''), `{${UUID}}`, `urn:uuid:${UUID}`])(
  'reads %s as one UUID',
  text => expect(parsePointId(text)).toBe(UUID),
)

it.each([-1, 1.5, '1', '', `${UUID}0`, null, true, {}])('refuses %j', value => {
  expect(() => parsePointId(value)).toThrow('is not a valid point ID')
})
