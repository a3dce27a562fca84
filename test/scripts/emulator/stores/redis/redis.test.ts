/** What only the in-process engine promises: its file, its time, its lock. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openEngine } from '../../../../../scripts/emulator/stores/redis/redis.ts'

const module = new URL('../../../../../scripts/emulator/stores/redis/redis.ts', import.meta.url)
  .href
let directory = ''
let file = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aiwfe-redis-'))
  file = join(directory, 'appendonly.jsonl')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

it('has every answered write after kill -9', async () => {
  const answered: string[] = []
  for (let round = 0; round < 3; round++) {
    const script = `
      import { openEngine } from ${JSON.stringify(module)}
      const redis = openEngine(${JSON.stringify(directory)})
      for (;;) {
        const n = await redis.command(['INCR', 'n'])
        await redis.command(['HSET', 'h', String(n), 'x'])
        process.stdout.write(n + '\\n')
        await new Promise(resolve => setImmediate(resolve))
      }`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const until = answered.length + 50 + Math.floor(Math.random() * 200)
    const exited = once(child, 'exit')
    for await (const line of createInterface(child.stdout)) {
      answered.push(line)
      if (answered.length === until) child.kill('SIGKILL')
    }
    await exited
    expect(answered.length).toBeGreaterThanOrEqual(until)
    const redis = openEngine(directory)
    expect(await redis.command(['HKEYS', 'h'])).toEqual(expect.arrayContaining(answered))
    expect(Number(await redis.command(['GET', 'n']))).toBeGreaterThanOrEqual(
      Number(answered.at(-1)),
    )
    await redis.close()
  }
})

it('lets keys end on its own clock, also across a restart', async () => {
  let now = 1_000_000
  const first = openEngine(directory, () => now)
  await first.command(['SET', 'a', '1', 'EX', '10'])
  await first.command(['EVAL', `redis.call('SET', KEYS[1], 'x', 'PX', 5000) return 1`, '1', 'b'])
  now += 4_000
  expect(await first.command(['TTL', 'a'])).toBe(6)
  await first.close()
  const second = openEngine(directory, () => now)
  expect(await second.command(['PTTL', 'b'])).toBe(1_000)
  now += 2_000
  expect([await second.command(['GET', 'a']), await second.command(['GET', 'b'])]).toEqual([
    '1',
    null,
  ])
  now += 4_000
  expect(await second.command(['DBSIZE'])).toBe(0)
  await second.close()
})

it('forgets a last line that was cut, and refuses one that is damaged further up', async () => {
  const first = openEngine(directory)
  await first.command(['SET', 'a', '1'])
  await first.close()
  await appendFile(file, '[1,["SET","b"')
  const second = openEngine(directory)
  expect(await second.command(['MGET', 'a', 'b'])).toEqual(['1', null])
  await second.command(['SET', 'c', '3'])
  await second.close()
  const third = openEngine(directory)
  expect(await third.command(['MGET', 'a', 'b', 'c'])).toEqual(['1', null, '3'])
  await third.close()
  await writeFile(file, `garbage\n${await readFile(file, 'utf8')}`)
  expect(() => openEngine(directory)).toThrow(
    `"${file}" line 1 must be a record of writes, got a damaged one`,
  )
})

it('rewrites its file when it has grown, and loses nothing by it', async () => {
  const redis = openEngine(directory)
  const big = 'x'.repeat(100_000)
  for (let at = 0; at < 120; at++) await redis.command(['SET', 'big', big + at])
  await redis.command(['RPUSH', 'l', 'a', 'b'])
  await redis.command(['ZADD', 'z', '1.5', 'm', '-inf', 'low'])
  await redis.command(['HSET', 'h', 'f', 'v'])
  await redis.command(['SADD', 's', 'm'])
  await redis.command(['EXPIRE', 's', '1000'])
  for (let at = 0; at < 120; at++) await redis.command(['SET', 'big', big + at])
  expect((await stat(file)).size).toBeLessThan(9_000_000)
  await redis.close()
  const again = openEngine(directory)
  expect(await again.command(['GET', 'big'])).toBe(`${big}119`)
  expect(await again.command(['LRANGE', 'l', '0', '-1'])).toEqual(['a', 'b'])
  expect(await again.command(['ZRANGE', 'z', '0', '-1', 'WITHSCORES'])).toEqual([
    'low',
    '-inf',
    'm',
    '1.5',
  ])
  expect(await again.command(['TTL', 's'])).toSatisfy(ttl => Number(ttl) > 900)
  await again.close()
})

it('changes neither keys nor file by a write that the disk does not take', async () => {
  let full = false
  const write = (to: number, bytes: Buffer, at: number): number => {
    if (!full) return writeSync(to, bytes, at)
    writeSync(to, bytes, 0, bytes.length >> 1)
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  }
  let now = 1_000_000
  const redis = openEngine(directory, () => now, write)
  await redis.command(['SET', 'a', '1'])
  await redis.command(['RPUSH', 'l', 'x'])
  await redis.command(['SET', 'soon', '1', 'PX', '1000'])
  full = true
  const expected = `cannot write "${file}": ENOSPC: no space left on device`
  await expect(redis.command(['SET', 'a', '2'])).rejects.toThrow(expected)
  await expect(
    redis.transaction([
      ['RPUSH', 'l', 'y'],
      ['SET', 'b', '1'],
    ]),
  ).rejects.toThrow(expected)
  await expect(
    redis.command(['EVAL', `return redis.call('INCR', KEYS[1])`, '1', 'a']),
  ).rejects.toThrow(expected)
  const state = async (from: typeof redis): Promise<unknown[]> => [
    await from.command(['MGET', 'a', 'b']),
    await from.command(['LRANGE', 'l', '0', '-1']),
    await from.command(['PTTL', 'soon']),
  ]
  now += 400
  expect(await state(redis)).toEqual([['1', null], ['x'], 600])
  full = false
  await redis.command(['SET', 'b', '3'])
  await redis.close()
  const again = openEngine(directory, () => now)
  expect(await state(again)).toEqual([['1', '3'], ['x'], 600])
  await again.close()
})

it('cuts half a line off a rewritten file too, and lives with one that it cannot rewrite', async () => {
  let room = Number.POSITIVE_INFINITY
  const write = (to: number, bytes: Buffer, at: number): number => {
    const part = bytes.subarray(at, at + room)
    if (part.length > 0) room -= writeSync(to, part)
    if (part.length < bytes.length - at) throw new Error('ENOSPC')
    return part.length
  }
  const redis = openEngine(directory, Date.now, write)
  const big = 'x'.repeat(1_000_000)
  const set = (at: number): Promise<unknown> => redis.command(['SET', 'big', big + at])
  for (let at = 0; at < 4; at++) await set(at)
  // Room for the line that makes the file long enough, and none for the short file.
  room = 1_000_100
  await set(4)
  expect((await stat(file)).size).toBeGreaterThan(5_000_000)
  room = Number.POSITIVE_INFINITY
  for (let at = 5; at < 11; at++) await set(at)
  expect((await stat(file)).size).toBeLessThan(2_000_000)
  room = 10
  await expect(redis.command(['SET', 'lost', '1'])).rejects.toThrow('ENOSPC')
  room = Number.POSITIVE_INFINITY
  await redis.command(['SET', 'kept', '1'])
  await redis.close()
  const again = openEngine(directory)
  expect(await again.command(['MGET', 'big', 'lost', 'kept'])).toEqual([`${big}10`, null, '1'])
  await again.close()
})

it('ends a script that runs too long and stays usable', async () => {
  const redis = openEngine(directory)
  expect(await redis.command(['EVAL', 'while true do end', '0'])).toMatchObject({
    error: expect.stringContaining('script ran longer than 5000 ms'),
  })
  expect(await redis.command(['EVAL', 'return 7', '0'])).toBe(7)
  await redis.close()
})

it('gives scripts no way to files and processes', async () => {
  const redis = openEngine(directory)
  expect(
    await redis.command([
      'EVAL',
      'return {tostring(os), tostring(io), tostring(require), tostring(load ~= nil)}',
      '0',
    ]),
  ).toEqual(['nil', 'nil', 'nil', 'true'])
  await redis.close()
})

it('refuses a second process on the folder', async () => {
  const redis = openEngine(directory)
  expect(() => openEngine(directory)).toThrow(`"${directory}" must be free`)
  await redis.close()
  await openEngine(directory).close()
})
