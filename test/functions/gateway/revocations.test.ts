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
  /** The store loses its data; `auth` writes it again when asked, if it can. */
  lose(canRebuild: boolean): void
  rebuilds(): number
}

function createWorld(): World {
  let time = 10_000_000
  let broken = false
  let pulls = 0
  const members: { member: string; score: number }[] = []
  let whole = true
  let canRebuild = true
  let rebuilds = 0
  function createMulti() {
    let from = 0
    const multi = {
      exists: () => multi,
      zrange(_: string, begin: number) {
        from = begin
        return multi
      },
      async exec() {
        pulls += 1
        if (broken) throw new Error('the store is away')
        const found = members.filter(({ score }) => score >= from)
        return [whole ? 1 : 0, found.flatMap(({ member, score }) => [member, String(score)])]
      },
    }
    return multi
  }
  const kv = () => ({ multi: createMulti })
  return {
    revocations: createRevocations({
      kv: kv as unknown as Parameters<typeof createRevocations>[0]['kv'],
      async rebuild() {
        rebuilds += 1
        if (!canRebuild) throw new Error('auth is away')
        whole = true
        members.push({ member: 'sid|session-1|99000', score: time })
      },
      log: createLog({ service: 'gateway', write: () => {} }),
      now: () => time,
      epoch: () => time,
    }),
    lose(value) {
      members.length = 0
      whole = false
      canRebuild = value
    },
    rebuilds: () => rebuilds,
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

test('a store that lost the list is not believed: auth writes it again, once, and then it is current', async () => {
  const { revocations, lose, rebuilds } = createWorld()
  lose(true)
  const ages = await Promise.all(Array.from({ length: 20 }, () => revocations.refresh()))
  expect(new Set(ages)).toEqual(new Set(['current']))
  expect(revocations.includes(claims())).toBe(true)
  expect(rebuilds()).toBe(1)
})

test('while auth cannot write it again, the list is too old, and auth is asked every 5 s', async () => {
  const { revocations, lose, rebuilds, advance } = createWorld()
  lose(false)
  for (let second = 0; second < 12; second += 1) {
    expect(await revocations.refresh()).toBe('too-old')
    advance(1_001)
  }
  expect(rebuilds()).toBe(3)
  lose(true)
  advance(5_000)
  expect(await revocations.refresh()).toBe('current')
})

test('a list that was pulled before the store lost it is good for a minute', async () => {
  const { revocations, add, lose, advance } = createWorld()
  add('sid|session-1|99000')
  await revocations.refresh()
  lose(false)
  advance(55_000)
  expect(await revocations.refresh()).toBe('current')
  expect(revocations.includes(claims())).toBe(true)
  advance(6_000)
  expect(await revocations.refresh()).toBe('too-old')
})
