/** What every key-value store must do for the unmodified `@upstash/redis` client. */
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from './target.ts'

/** How to reach an Upstash REST endpoint. */
export interface KvAccess {
  url: string
  token: string
}

/** Runs the suite against `target`. */
export function kvContract(target: Target<KvAccess>): void {
  describe(`kv store: ${target.name}`, () => {
    let access: KvAccess
    let close: () => Promise<void> = async () => {}
    let redis: Redis
    const prefix = `contract:${process.pid}:${Math.floor(Math.random() * 1e9)}:`
    const key = (name: string): string => prefix + name
    const raw = async (
      path: string,
      init: RequestInit = {},
    ): Promise<{ status: number; body: unknown }> => {
      const response = await fetch(access.url + path, {
        ...init,
        headers: { authorization: `Bearer ${access.token}`, ...init.headers },
      })
      return { status: response.status, body: await response.json() }
    }
    const command = (...args: (string | number)[]): Promise<{ status: number; body: unknown }> =>
      raw('/', { method: 'POST', body: JSON.stringify(args) })

    beforeAll(async () => {
      ;({ access, close } = await target.open())
      redis = new Redis({ ...access, retry: { retries: 0 }, enableTelemetry: false })
    })
    afterAll(() => close())

    it('keeps strings, numbers and JSON as the client writes them', async () => {
      await redis.set(key('json'), { name: 'Zoë', list: [1, null] })
      expect(await redis.get(key('json'))).toEqual({ name: 'Zoë', list: [1, null] })
      expect(await redis.get(key('absent'))).toBeNull()
      expect(await redis.mset({ [key('a')]: 'one', [key('b')]: 'OK' })).toBe('OK')
      expect(await redis.mget(key('a'), key('absent'), key('b'))).toEqual(['one', null, 'OK'])
      expect(await redis.append(key('a'), 'é')).toBe(5)
      expect(await redis.strlen(key('a'))).toBe(5)
    })

    it('follows the options of SET', async () => {
      expect(await redis.set(key('s'), 'v1', { nx: true, ex: 100 })).toBe('OK')
      expect(await redis.set(key('s'), 'v2', { nx: true })).toBeNull()
      expect(await redis.set(key('none'), 'v', { xx: true })).toBeNull()
      expect(await redis.set(key('s'), 'v3', { keepTtl: true, get: true })).toBe('v1')
      expect(await redis.ttl(key('s'))).toBeGreaterThan(90)
      expect(await redis.set(key('s'), 'v4')).toBe('OK')
      expect(await redis.ttl(key('s'))).toBe(-1)
      expect(await redis.getdel(key('s'))).toBe('v4')
      expect(await redis.exists(key('s'))).toBe(0)
    })

    it('ends keys when their time is up', async () => {
      await redis.set(key('short'), 'x', { px: 40 })
      await expect.poll(() => redis.get(key('short')), { timeout: 5_000 }).toBeNull()
      expect(await redis.ttl(key('short'))).toBe(-2)
      await redis.set(key('kept'), 'x', { px: 60_000 })
      expect(await redis.persist(key('kept'))).toBe(1)
      expect(await redis.pttl(key('kept'))).toBe(-1)
      expect(await redis.expire(key('kept'), 100, 'GT')).toBe(0)
      expect(await redis.expire(key('kept'), 100)).toBe(1)
      expect(await command('EXPIRE', key('kept'), 0)).toEqual({ status: 200, body: { result: 1 } })
      expect(await redis.exists(key('kept'))).toBe(0)
    })

    it('counts, and refuses to count what is no number', async () => {
      expect(await redis.incr(key('n'))).toBe(1)
      expect(await redis.incrby(key('n'), 41)).toBe(42)
      expect(await redis.decr(key('n'))).toBe(41)
      await redis.set(key('word'), 'abc')
      expect(await command('INCR', key('word'))).toEqual({
        status: 400,
        body: { error: 'ERR value is not an integer or out of range' },
      })
    })

    it('keeps hashes, lists and sets', async () => {
      expect(await redis.hset(key('h'), { a: 1, b: 'x' })).toBe(2)
      expect(await redis.hset(key('h'), { a: 2 })).toBe(0)
      expect(await redis.hgetall(key('h'))).toEqual({ a: 2, b: 'x' })
      expect(await redis.hincrby(key('h'), 'a', 5)).toBe(7)
      expect(await redis.hdel(key('h'), 'a', 'b')).toBe(2)
      expect(await redis.exists(key('h'))).toBe(0)
      expect(await redis.rpush(key('l'), 'b', 'c')).toBe(2)
      expect(await redis.lpush(key('l'), 'a', 'z')).toBe(4)
      expect(await redis.lrange(key('l'), 0, -1)).toEqual(['z', 'a', 'b', 'c'])
      expect(await redis.ltrim(key('l'), 1, -2)).toBe('OK')
      expect(await redis.lrem(key('l'), 1, 'a')).toBe(1)
      expect(await redis.lpop(key('l'))).toBe('b')
      expect(await redis.llen(key('l'))).toBe(0)
      expect(await redis.sadd(key('set'), 'a', 'b', 'a')).toBe(2)
      expect((await redis.smembers(key('set'))).sort()).toEqual(['a', 'b'])
      expect(await redis.sismember(key('set'), 'b')).toBe(1)
      expect(await redis.srem(key('set'), 'b', 'c')).toBe(1)
      expect(await redis.type(key('set'))).toBe('set')
    })

    it('keeps sorted sets in order of score, then name', async () => {
      const add = (score: number, member: string): Promise<unknown> =>
        redis.zadd(key('z'), { score, member })
      for (const [score, member] of [
        [2, 'b'],
        [1, 'c'],
        [2, 'a'],
        [3.5, 'd'],
      ] as const)
        await add(score, member)
      expect(await redis.zrange(key('z'), 0, -1, { withScores: true })).toEqual([
        'c',
        1,
        'a',
        2,
        'b',
        2,
        'd',
        3.5,
      ])
      expect(
        await redis.zrange(key('z'), '(1', '+inf', { byScore: true, offset: 1, count: 1 }),
      ).toEqual(['b'])
      expect(await redis.zrange(key('z'), '+inf', 2, { byScore: true, rev: true })).toEqual([
        'd',
        'b',
        'a',
      ])
      expect(
        await redis.zadd(
          key('z'),
          { gt: true, ch: true },
          { score: 1, member: 'a' },
          { score: 5, member: 'c' },
        ),
      ).toBe(1)
      expect(await redis.zincrby(key('z'), 1.5, 'a')).toBe(3.5)
      expect(await redis.zscore(key('z'), 'a')).toBe(3.5)
      expect(await redis.zcount(key('z'), 3, '+inf')).toBe(3)
      expect(await redis.zremrangebyscore(key('z'), '-inf', '(3.5')).toBe(1)
      expect(await redis.zcard(key('z'))).toBe(3)
      expect(await redis.zrank(key('z'), 'c')).toBe(2)
    })

    it('finds keys by pattern, page by page', async () => {
      for (let at = 0; at < 25; at++) await redis.set(key(`scan:${at}`), at)
      const found = new Set<string>()
      let cursor = '0'
      for (let page = 0; page < 100; page++) {
        const [next, names] = await redis.scan(cursor, {
          match: `${prefix}scan:[12]?`,
          count: 1000,
        })
        for (const name of names) found.add(name)
        cursor = String(next)
        if (cursor === '0') break
      }
      expect(found.size).toBe(15)
      await redis.rename(key('scan:1'), key('moved'))
      expect(await redis.get(key('moved'))).toBe(1)
    })

    it('answers each command of a pipeline, errors among them', async () => {
      const pipeline = redis.pipeline()
      pipeline.set(key('p'), 'text')
      pipeline.lpush(key('p'), 'x')
      pipeline.get(key('p'))
      const results = await pipeline.exec({ keepErrors: true })
      expect(results.map(({ result }) => result)).toEqual(['OK', undefined, 'text'])
      expect(results[1]?.error).toBe(
        'WRONGTYPE Operation against a key holding the wrong kind of value',
      )
    })

    it('runs a transaction whole, or not at all', async () => {
      expect(await redis.multi().incr(key('tx')).get(key('tx')).exec()).toEqual([1, 1])
      const refused = await raw('/multi-exec', {
        method: 'POST',
        body: JSON.stringify([['INCR', key('tx')], ['NOSUCH']]),
      })
      expect(refused.status).toBe(400)
      expect(refused.body).toMatchObject({
        error: expect.stringContaining(
          'EXECABORT Transaction discarded because of previous errors',
        ),
      })
      expect(await redis.get(key('tx'))).toBe(1)
    })

    it('never mixes the counting of many clients', async () => {
      await Promise.all(Array.from({ length: 100 }, () => redis.incr(key('race'))))
      expect(await redis.get(key('race'))).toBe(100)
      const locks = await Promise.all(
        Array.from({ length: 20 }, (_, at) => redis.set(key('lock'), at, { nx: true, px: 10_000 })),
      )
      expect(locks.filter(answer => answer === 'OK')).toHaveLength(1)
    })

    it('runs a sliding-window rate limit in Lua', async () => {
      const script = `
        local key, now, window, limit = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
        local count = redis.call('ZCARD', key)
        if count >= limit then
          local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
          return { 0, tonumber(oldest[2]) + window - now }
        end
        redis.call('ZADD', key, now, ARGV[4])
        redis.call('PEXPIRE', key, window)
        return { 1, limit - count - 1 }`
      const hit = (at: number): Promise<unknown> =>
        redis.eval(script, [key('limit')], [at, 1000, 2, `id-${at}`])
      expect([await hit(1), await hit(2), await hit(3), await hit(1001)]).toEqual([
        [1, 1],
        [1, 0],
        [0, 998],
        [1, 0],
      ])
      const sha = await redis.scriptLoad(script)
      expect(await redis.evalsha(sha, [key('limit')], [1003, 1000, 2, 'again'])).toEqual([1, 0])
      expect(await command('EVALSHA', 'f'.repeat(40), 0)).toMatchObject({
        status: 400,
        body: { error: expect.stringMatching(/^NOSCRIPT No matching script/) },
      })
    })

    it('converts what a script returns as Redis does', async () => {
      expect(
        await redis.eval(
          `return {1, 3.9, 'text', true, false, {ok='FINE'}, redis.call('GET', KEYS[1]), nil, 'unseen'}`,
          [key('absent')],
          [],
        ),
      ).toEqual([1, 3, 'text', 1, null, 'FINE', null])
      expect(
        await redis.eval(
          `return cjson.decode(ARGV[1]).a[2] .. cjson.encode({1, 2})`,
          [],
          ['{"a":[1,"x"]}'],
        ),
      ).toBe('x[1,2]')
      expect(await command('EVAL', `return redis.error_reply('MINE it failed')`, 0)).toEqual({
        status: 400,
        body: { error: 'MINE it failed' },
      })
    })

    it('words its errors as Redis does', async () => {
      await redis.set(key('str'), 'x')
      const errors = [
        await command('LPUSH', key('str'), 'x'),
        await command('GET'),
        await command('NOSUCH', 'a', 'b'),
        await command('SET', key('str'), 'v', 'WRONG'),
        await command('SET', key('str'), 'v', 'EX', '0'),
        await command('ZADD', key('zz'), 'abc', 'm'),
      ]
      expect(errors.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400])
      expect(errors.map(({ body }) => (body as { error: string }).error)).toEqual([
        'WRONGTYPE Operation against a key holding the wrong kind of value',
        "ERR wrong number of arguments for 'get' command",
        "ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' ",
        'ERR syntax error',
        "ERR invalid expire time in 'set' command",
        'ERR value is not a valid float',
      ])
    })

    it('takes commands in the path and answers 401 to a wrong token', async () => {
      expect(await raw(`/set/${encodeURIComponent(key('path'))}/a%20b?EX=100`)).toEqual({
        status: 200,
        body: { result: 'OK' },
      })
      expect(await raw(`/get/${encodeURIComponent(key('path'))}`)).toEqual({
        status: 200,
        body: { result: 'a b' },
      })
      expect(await raw('/', { method: 'POST', body: '{"not":"a list"}' })).toMatchObject({
        status: 400,
      })
      expect((await raw('/ping', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
      expect((await fetch(`${access.url}/ping`)).status).toBe(401)
    })
  })
}
