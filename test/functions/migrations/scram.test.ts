import { expect, test } from 'vitest'
import { createVerifier, verifies } from '../../../functions/migrations/scram.ts'
import { verifies as serverVerifies } from '../../../scripts/emulator/stores/postgres/scram.ts'

test('a verifier verifies its own password alone, has a new salt each time, and tells nothing', () => {
  const [one, two] = [
    createVerifier('correct-horse-battery'),
    createVerifier('correct-horse-battery'),
  ]
  expect(one).not.toBe(two)
  expect(one).not.toContain('correct')
  expect([one, two].map(verifier => verifies(verifier, 'correct-horse-battery'))).toEqual([
    true,
    true,
  ])
  expect(verifies(one, 'correct-horse-batterz')).toBe(false)
})

test('a server reads it', () => {
  const verifier = createVerifier('correct-horse-battery')
  expect(serverVerifies(verifier, 'correct-horse-battery')).toBe(true)
})

test.each([null, '', 'md5a1b2', 'SCRAM-SHA-256$4096:!$a:b', 'SCRAM-SHA-256$4096:AAAA$AAAA'])(
  '%j verifies nothing',
  verifier => expect(verifies(verifier, '')).toBe(false),
)
