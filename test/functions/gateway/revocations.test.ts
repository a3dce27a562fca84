import { expect, test } from 'vitest'
import { createRevocations, type Revocations } from '../../../functions/gateway/revocations.ts'
import type { AccessClaims } from '../../../shared/access-token.ts'
import { createLog } from '../../../shared/log.ts'

interface World {
  revocations: Revocations
  add(member: string, score?: number): void
  advance(ms: number): void
  cut(broken: boolean): void
  pulls(): number
}

function createWorld(): World {
  let time = 10_000_000
  let broken = false
  let pulls = 0
  const members: { member: string; score: number }[] = []
  const kv = () => ({
    async zrange(_: string, from: number): Promise<never> {
      pulls += 1
      if (broken) throw new Error('the store is away')
      const found = members.filter(({ score }) => score >= from)
      return found.flatMap(({ member, score }) => [member, String(score)]) as never
    },
  })
  return {
    revocations: createRevocations({
      kv: kv as unknown as Parameters<typeof createRevocations>[0]['kv'],
      log: createLog({ service: 'gateway', write: () => {} }),
      now: () => time,
      epoch: () => time,
    }),
    add: (member, score = time) => void members.push({ member, score }),
    advance(ms) {
      time += ms
    },
    cut(value) {
      broken = value
    },
    pulls: () => pulls,
  }
}

const claims = (change: Partial<AccessClaims> = {}): AccessClaims => ({
  iss: 'auth',
  aud: 'gateway',
  sub: 'user-1',
  sid: 'session-1',
  jti: 'token-1',
  iat: 9_000,
  exp: 99_000,
  auth_time: 9_000,
  roles: ['user'],
  sv: 1,
  uv: 3,
  ...change,
})

test('a revoked session is known 5 s later at the latest, other sessions live on', async () => {
  const { revocations, add, advance } = createWorld()
  await revocations.refresh()
  add('sid|session-1|99000')
  advance(5_001)
  await revocations.refresh()
  expect(revocations.includes(claims())).toBe(true)
  expect(revocations.includes(claims({ sid: 'session-2' }))).toBe(false)
})

test('a revocation of a user ends the versions before the one it names', async () => {
  const { revocations, add } = createWorld()
  add('uid|user-1|4|99000')
  await revocations.refresh()
  expect(revocations.includes(claims({ uv: 3 }))).toBe(true)
  expect(revocations.includes(claims({ uv: 4 }))).toBe(false)
})

test('requests within 2.5 s cause one pull, and many at once share it', async () => {
  const { revocations, pulls, advance } = createWorld()
  await Promise.all(Array.from({ length: 50 }, () => revocations.refresh()))
  advance(2_000)
  await revocations.refresh()
  expect(pulls()).toBe(1)
})

test('a late writer is heard: what was added behind the cursor is read too', async () => {
  const { revocations, add, advance } = createWorld()
  add('sid|session-9|99000', 10_000_000)
  await revocations.refresh()
  add('sid|session-1|99000', 10_000_000 - 90_000)
  advance(6_000)
  await revocations.refresh()
  expect(revocations.includes(claims())).toBe(true)
})

test('without the store the list is trusted for a minute, then it is too old', async () => {
  const { revocations, cut, advance } = createWorld()
  await revocations.refresh()
  cut(true)
  advance(55_000)
  expect(await revocations.refresh()).toBe('current')
  advance(6_000)
  expect(await revocations.refresh()).toBe('too-old')
  cut(false)
  advance(1_001)
  expect(await revocations.refresh()).toBe('current')
})

test('a list that was never pulled is too old', async () => {
  const { revocations, cut } = createWorld()
  cut(true)
  expect(await revocations.refresh()).toBe('too-old')
})
