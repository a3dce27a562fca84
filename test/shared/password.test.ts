import { describe, expect, it } from 'vitest'
import { createPasswords } from '../../shared/password.ts'

describe('a password hash', () => {
  it('is argon2id in PHC form with a salt of its own', async () => {
    const { hash, verify } = createPasswords()
    const [first, second] = await Promise.all([hash('correct horse'), hash('correct horse')])
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(second).not.toBe(first)
    expect(await verify(first, 'correct horse')).toEqual({ matches: true, outdated: false })
    expect(await verify(first, 'correct horsf')).toEqual({ matches: false, outdated: false })
  })

  it('verifies one that another implementation made, and calls it outdated', async () => {
    // Argon2 1.3 reference command: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1
    const phc =
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect(await createPasswords().verify(phc, 'password')).toEqual({
      matches: true,
      outdated: true,
    })
  })

  it('of nobody matches nothing, after the same work', async () => {
    const { hash, verify } = createPasswords()
    const phc = await hash('correct horse')
    // The least of many tries, taken in turn: what the work itself takes, whatever else the machine does.
    const least = { known: Number.POSITIVE_INFINITY, unknown: Number.POSITIVE_INFINITY }
    for (let round = 0; round < 15; round += 1) {
      for (const [name, stored] of [
        ['known', phc],
        ['unknown', undefined],
      ] as const) {
        const begun = performance.now()
        expect((await verify(stored, 'wrong')).matches).toBe(false)
        least[name] = Math.min(least[name], performance.now() - begun)
      }
    }
    const { known, unknown } = least
    expect(unknown / known).toBeGreaterThan(0.5)
    expect(unknown / known).toBeLessThan(2)
  })

  it('that cannot be read, or would cost too much, is an error', async () => {
    const { verify } = createPasswords()
    for (const phc of [
      '',
      'x',
      '$2b$10$abc',
      '$argon2id$v=19$m=9999999,t=1,p=1$c29tZXNhbHQ$AAAA',
    ]) {
      await expect(verify(phc, 'password')).rejects.toThrow('"phc" must be')
    }
  })
})

describe('many at once', () => {
  it('run a few at a time, wait in order, and the rest is sent away', async () => {
    const { hash } = createPasswords({ running: 2, waiting: 3 })
    const order: number[] = []
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, async (_, index) => {
        await hash('correct horse')
        order.push(index)
      }),
    )
    const refused = results.filter(result => result.status === 'rejected')
    expect(refused).toHaveLength(3)
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ code: 'dependency_unavailable', retryAfterSeconds: 2 })
    }
    expect(order.toSorted()).toEqual([0, 1, 2, 3, 4])
    // One begins only when all but one of those before it have ended.
    for (const [place, index] of order.entries()) expect(index).toBeLessThanOrEqual(place + 1)
    await hash('there is room again')
  })
})
