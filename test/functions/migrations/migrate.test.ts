import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Migration } from '../../../functions/migrations/catalogue.ts'
import { readLedger } from '../../../functions/migrations/ledger.ts'
import { migrateDown, migrateUp } from '../../../functions/migrations/migrate.ts'
import { toStatus } from '../../../functions/migrations/plan.ts'
import { collectMigrations } from '../../../scripts/migrations-catalogue.ts'
import { createSql, type Sql } from '../../../shared/clients/sql.ts'
import { openDatabase, type TestDatabase } from '../../fixtures/stores.ts'

let database: TestDatabase
let sql: Sql
beforeAll(async () => {
  database = await openDatabase()
  sql = database.sql
})
afterAll(() => database.close())
beforeEach(async () => {
  await sql`drop schema if exists migrations cascade`
  await sql`drop schema if exists one cascade`
  await sql`drop schema if exists two cascade`
})

const UP = { dry_run: false }

function migration(owner: string, version: number, up: string, down: string | null): Migration {
  const checksum = createHash('sha256').update(up).digest('hex')
  return { function: owner, version, name: `step${version}`, up, down, checksum }
}

const ONE = [
  migration('one', 1, 'create schema one;\ncreate table one.a (id int);', 'drop schema one;\n'),
  migration('one', 2, 'create table one.b (id int)', 'drop table one.b'),
]
// The way back of the first is only open when the second was taken back before.
const [FIRST = migration('one', 1, '', ''), SECOND = FIRST] = ONE
FIRST.down = 'drop table one.a;\ndrop schema one'
const TWO = migration('two', 1, 'create schema two', 'drop schema two')
const ALL = [...ONE, TWO]

const applied = async (): Promise<string[]> =>
  (await readLedger(sql)).map(row => `${row.function}/${row.version}`)
const exists = async (name: string): Promise<boolean> => {
  const [row] = await sql`select to_regclass(${name}) is not null as found`
  return row?.found === true
}
const namesOf = (steps: { function: string; version: number }[]): string[] =>
  steps.map(step => `${step.function}/${step.version}`)

describe('going up and down', () => {
  it('applies each migration once, in order', async () => {
    expect(namesOf(await migrateUp(sql, ALL, UP))).toEqual(['one/1', 'one/2', 'two/1'])
    expect(await migrateUp(sql, ALL, UP)).toEqual([])
    expect(await applied()).toEqual(['one/1', 'one/2', 'two/1'])
    expect(await exists('one.b')).toBe(true)
  })

  it('goes up, down and up again', async () => {
    await migrateUp(sql, ALL, UP)
    const down = await migrateDown(sql, ALL, { steps: 3, dry_run: false })
    expect(namesOf(down)).toEqual(['two/1', 'one/2', 'one/1'])
    expect(await exists('one.a')).toBe(false)
    expect(await applied()).toEqual([])
    expect(await migrateUp(sql, ALL, UP)).toHaveLength(3)
  })

  it('takes the real migrations of every function up, down and up again', async () => {
    const real = await collectMigrations(new URL('../../..', import.meta.url).pathname)
    expect(real.map(({ function: owner }) => owner)[0]).toBe('auth')
    expect(await migrateUp(sql, real, UP)).toHaveLength(real.length)
    const owners = [...new Set(real.map(({ function: owner }) => owner))]
    const schemas = async (): Promise<number> => {
      const rows = await sql`select 1 from pg_namespace where nspname in ${sql(owners)}`
      return rows.length
    }
    expect(await schemas()).toBe(owners.length)
    await migrateDown(sql, real, { steps: real.length, dry_run: false })
    expect(await schemas()).toBe(0)
    expect(await migrateUp(sql, real, UP)).toHaveLength(real.length)
    await migrateDown(sql, real, { steps: real.length, dry_run: false })
  })

  it('stops where it is told to', async () => {
    expect(namesOf(await migrateUp(sql, ALL, { ...UP, to: 'one/1' }))).toEqual(['one/1'])
    await migrateUp(sql, ALL, UP)
    const down = await migrateDown(sql, ALL, { to: 'one/1', dry_run: false })
    expect(namesOf(down)).toEqual(['one/2'])
    expect(namesOf(await migrateDown(sql, ALL, { to: 'one/0', dry_run: false }))).toEqual(['one/1'])
    await expect(migrateUp(sql, ALL, { ...UP, to: 'one/7' })).rejects.toMatchObject({
      code: 'validation_failed',
    })
  })

  it('changes nothing in a dry run, not even the ledger', async () => {
    expect(namesOf(await migrateUp(sql, ALL, { dry_run: true }))).toHaveLength(3)
    expect(await exists('migrations.applied')).toBe(false)
    await migrateUp(sql, ALL, UP)
    expect(namesOf(await migrateDown(sql, ALL, { steps: 2, dry_run: true }))).toEqual([
      'two/1',
      'one/2',
    ])
    expect(await applied()).toHaveLength(3)
  })

  it('lets one of two runners apply each migration, and the other find it done', async () => {
    const others = [1, 2, 3].map(() => createSql(database.url, { service: 'runner', max: 2 }))
    const results = await Promise.all([sql, ...others].map(runner => migrateUp(runner, ALL, UP)))
    expect(results.flat()).toHaveLength(3)
    expect(await applied()).toEqual(['one/1', 'one/2', 'two/1'])
    for (const other of others) await other.end()
  })
})

describe('what does not fit', () => {
  it('is refused when an applied file was changed, by its name', async () => {
    await migrateUp(sql, ALL, UP)
    const changed = ALL.map(step =>
      step === SECOND ? migration('one', 2, 'create table one.b (id bigint)', null) : step,
    )
    await expect(migrateUp(sql, changed, UP)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(
        'functions/one/migrations/0002_step2.up.sql was changed after it was applied',
      ),
    })
    expect(toStatus(changed, await readLedger(sql)).map(({ state }) => state)).toEqual([
      'applied',
      'changed',
      'applied',
    ])
  })

  it('is refused when it was put in below what is applied', async () => {
    await migrateUp(sql, [FIRST, migration('one', 3, 'create table one.c ()', '')], UP)
    await expect(migrateUp(sql, ALL, UP)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('0002_step2.up.sql must come after version 3'),
    })
  })

  it('rolls a failing file back whole, and names file and line', async () => {
    const up = 'create table one.c (id int);\n\n-- wrong\nselect\n  no_such_column\n  from one.c;'
    const failing = migration('one', 3, up, '')
    await expect(migrateUp(sql, [...ONE, failing], UP)).rejects.toMatchObject({
      code: 'conflict',
      message:
        'functions/one/migrations/0003_step3.up.sql:5: column "no_such_column" does not exist',
      details: { line: 5, sqlstate: '42703' },
    })
    expect(await exists('one.c')).toBe(false)
    expect(await applied()).toEqual(['one/1', 'one/2'])
  })

  it('names the line of the statement when the database names no position', async () => {
    const failing = migration('one', 3, 'select 1;\nselect 2;\ncreate table one.a ();', '')
    await expect(migrateUp(sql, [...ONE, failing], UP)).rejects.toMatchObject({
      message: expect.stringMatching(/0003_step3\.up\.sql:3: relation "a" already exists/),
    })
  })

  it('is refused when there is no way back', async () => {
    const oneWay = migration('two', 1, 'create schema two', null)
    await migrateUp(sql, [oneWay], UP)
    await expect(migrateDown(sql, [oneWay], { steps: 1, dry_run: false })).rejects.toMatchObject({
      code: 'conflict',
      message: 'there is no functions/two/migrations/0001_step1.down.sql in this build',
    })
    await expect(migrateDown(sql, [], { steps: 1, dry_run: false })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(toStatus([], await readLedger(sql))[0]).toMatchObject({ state: 'unknown' })
  })

  it('leaves everything as it was when a way back fails', async () => {
    await migrateUp(sql, ALL, UP)
    // one/1 cannot go while one/2 stands on its schema
    await expect(
      migrateDown(
        sql,
        [{ ...FIRST, down: 'drop table one.a;\ndrop schema one' }, { ...SECOND, down: '' }, TWO],
        {
          steps: 3,
          dry_run: false,
        },
      ),
    ).rejects.toMatchObject({ code: 'conflict', details: { line: 2 } })
    expect(await exists('one.a')).toBe(true)
    expect(await applied()).toEqual(['one/1'])
    await sql`drop table one.b`
  })

  // The embedded database runs one transaction at a time, so there nobody can be in the way.
  const onServer = it.skipIf(!process.env.TEST_DATABASE_URL)
  onServer('stays pending, with an error that may pass, while a table is in use', async () => {
    await migrateUp(sql, ONE, UP)
    const blocking = await sql.reserve()
    await blocking`begin`
    await blocking`lock table one.a in access share mode`
    const alter = migration('one', 3, 'alter table one.a add column b int', '')
    await expect(migrateUp(sql, [...ONE, alter], UP)).rejects.toMatchObject({ code: 'busy' })
    await blocking`rollback`
    blocking.release()
    expect(await migrateUp(sql, [...ONE, alter], UP)).toHaveLength(1)
  })
})
