/** What each function's own role may and may not do, whoever the owner of the database is. */
import { createHash, randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Migration } from '../../../functions/migrations/catalogue.ts'
import { migrateDown, migrateUp } from '../../../functions/migrations/migrate.ts'
import { dropRoles, ensureRoles } from '../../../functions/migrations/roles.ts'
import type { RolePasswords } from '../../../functions/migrations/settings.ts'
import { toRoleUrl } from '../../../scripts/local/database-roles.ts'
import { createSql, type Sql } from '../../../shared/clients/sql.ts'
import { databaseRole } from '../../../shared/database-role.ts'
import type { Target } from '../../contract/stores/target.ts'

const UP = { dry_run: false }
// Roles belong to a server, which others may use at the same time.
const RUN = randomUUID().slice(0, 8)
const [ONE, TWO] = [`one-${RUN}`, `two-${RUN}`]
const [ONE_SCHEMA, TWO_SCHEMA] = [`one_${RUN}`, `two_${RUN}`]
const OWNERS = { superuser: '', 'a role that may make roles': 'createrole' } as const

const migration = (owner: string, version: number, up: string, down: string): Migration => ({
  function: owner,
  version,
  name: `step${version}`,
  up,
  down,
  checksum: createHash('sha256').update(up).digest('hex'),
})

const schemaOf = (owner: string, schema: string): Migration =>
  migration(
    owner,
    1,
    `create schema ${schema};
    create table ${schema}.items (id bigint generated always as identity, n int);
    create sequence ${schema}.counter;
    create function ${schema}.twice(n int) returns int language sql as 'select 2 * n'`,
    `drop schema ${schema} cascade`,
  )

const FIRST = schemaOf(ONE, ONE_SCHEMA)
const ALL = [FIRST, schemaOf(TWO, TWO_SCHEMA)]
const LATER = migration(
  ONE,
  2,
  `create table ${ONE_SCHEMA}.later (n int);
  create function ${ONE_SCHEMA}.thrice(n int) returns int language sql as 'select 3 * n'`,
  `drop table ${ONE_SCHEMA}.later; drop function ${ONE_SCHEMA}.thrice`,
)

/** Runs the suite against `target`, whose access is the address of a superuser, with each kind of owner. */
export function rolesContract(target: Target<string>): void {
  describe(`roles of functions: ${target.name}`, () => {
    let url = ''
    let close: () => Promise<void> = async () => {}
    let root: Sql
    const open: Sql[] = []
    const connect = (address: string, max = 2): Sql => {
      const sql = createSql(address, { service: 'test', max })
      open.push(sql)
      return sql
    }
    const login = (name: string, password: string): Sql =>
      connect(toRoleUrl(url, databaseRole(name), password))
    /** An owner of its own, who may make schemas in this database. */
    async function makeOwner(attributes: string): Promise<{ name: string; url: string }> {
      const name = `owner_${randomUUID().slice(0, 8)}`
      await root.unsafe(`create role ${name} login password 'of-the-owner' ${attributes}`)
      const [found] = await root`select current_database() as database`
      await root.unsafe(`grant create on database "${found?.database}" to ${name}`)
      return { name, url: toRoleUrl(url, name, 'of-the-owner') }
    }
    const existing = async (): Promise<string[]> => {
      const rows = await root<{ name: string }[]>`
        select rolname as name from pg_roles where rolname like ${`aiwfe\\_%${RUN}`} order by 1`
      return rows.map(({ name }) => name)
    }

    beforeAll(async () => {
      ;({ access: url, close } = await target.open())
      root = connect(url)
    })
    afterAll(async () => {
      await tidy()
      for (const sql of open) await sql.end({ timeout: 1 })
      await close()
    })

    async function tidy(): Promise<void> {
      for (const schema of ['migrations', ONE_SCHEMA, TWO_SCHEMA]) {
        await root`drop schema if exists ${root(schema)} cascade`
      }
      for (const name of await existing()) {
        await root.unsafe(`drop owned by ${name}; drop role ${name}`)
      }
    }

    describe.each(Object.entries(OWNERS))('made by %s', (_kind, attributes) => {
      let owner: Sql
      let ownerUrl: string
      let passwords: RolePasswords
      beforeAll(async () => {
        ownerUrl = attributes === '' ? url : (await makeOwner(attributes)).url
        owner = connect(ownerUrl)
      })
      beforeEach(async () => {
        await tidy()
        passwords = { [ONE]: randomUUID(), [TWO]: randomUUID() }
        await migrateUp(owner, ALL, UP)
        expect(await ensureRoles(owner, passwords)).toEqual([databaseRole(ONE), databaseRole(TWO)])
      })

      it('a role works on its own schema, and on what comes to it later', async () => {
        const one = login(ONE, passwords[ONE] ?? '')
        const schema = one(ONE_SCHEMA)
        await one`insert into ${schema}.items (n) values (1), (2)`
        await one`update ${schema}.items set n = n + 1 where n = 2`
        await one`delete from ${schema}.items where n = 1`
        const rows = await one`
          select n, ${schema}.twice(n) as double, nextval(${`${ONE_SCHEMA}.counter`}) as next
          from ${schema}.items for update`
        expect([...rows]).toEqual([{ n: 3, double: 6, next: '1' }])
        await migrateUp(owner, [...ALL, LATER], UP)
        await one`insert into ${schema}.later (n) values (1)`
        expect([...(await one`select ${schema}.thrice(n) as n from ${schema}.later`)]).toEqual([
          { n: 3 },
        ])
      })

      it('it sees no other schema, makes nothing, and cannot take the table of its own', async () => {
        const one = login(ONE, passwords[ONE] ?? '')
        for (const statement of [
          `select * from ${TWO_SCHEMA}.items`,
          `insert into ${TWO_SCHEMA}.items (n) values (1)`,
          `select ${TWO_SCHEMA}.twice(1)`,
          'select * from migrations.roles',
          'select * from migrations.applied',
          'create table public.mine (n int)',
          `create table ${ONE_SCHEMA}.mine (n int)`,
          'create schema mine',
          'create role mine',
          `truncate ${ONE_SCHEMA}.items`,
          `drop table ${ONE_SCHEMA}.items`,
          `set role ${databaseRole(TWO)}`,
        ]) {
          await expect([statement, await one.unsafe(statement).catch(error => error.code)]).toEqual(
            [statement, '42501'],
          )
        }
      })

      it('it has limits of its own for statements and idle transactions', async () => {
        const rows = await root`
          select to_jsonb(rolconfig) as settings from pg_roles where rolname = ${databaseRole(ONE)}`
        expect(rows[0]?.settings).toEqual([
          'statement_timeout=30s',
          'idle_in_transaction_session_timeout=15s',
        ])
      })

      it('a second run asks twice and changes nothing', async () => {
        const statements: string[] = []
        const counted = postgres(ownerUrl, {
          max: 1,
          fetch_types: false,
          debug: (_connection, query) => statements.push(query),
        })
        expect(await ensureRoles(counted, passwords)).toEqual([])
        await counted.end()
        expect(statements.map(text => text.trim().split(' ')[0])).toEqual(['select', 'select'])
      })

      it('no statement has a password', async () => {
        await root.unsafe(`drop owned by ${databaseRole(ONE)}; drop role ${databaseRole(ONE)}`)
        const seen: string[] = []
        const watched = postgres(ownerUrl, {
          max: 1,
          fetch_types: false,
          debug: (_connection, query, parameters) =>
            seen.push(`${query} ${JSON.stringify(parameters)}`),
        })
        expect(await ensureRoles(watched, passwords)).toEqual([databaseRole(ONE)])
        await watched.end()
        expect(seen.join()).toContain('SCRAM-SHA-256$4096:')
        expect(seen.filter(text => text.includes(passwords[ONE] ?? ''))).toEqual([])
      })

      it('a changed password is the only one that opens', async () => {
        const before = passwords[ONE] ?? ''
        const after = { ...passwords, [ONE]: randomUUID() }
        expect(await ensureRoles(owner, after)).toEqual([databaseRole(ONE)])
        const rows = await login(ONE, after[ONE] ?? '')`select n from ${root(ONE_SCHEMA)}.items`
        expect(rows).toHaveLength(0)
        await expect(login(ONE, before)`select 1`).rejects.toMatchObject({ code: '28P01' })
        expect(await ensureRoles(owner, after)).toEqual([])
      })

      it.each([
        ['usage', `revoke usage on schema ${ONE_SCHEMA} from ${databaseRole(ONE)}`],
        ['a table', `revoke delete on ${ONE_SCHEMA}.items from ${databaseRole(ONE)}`],
        ['a sequence', `revoke usage on sequence ${ONE_SCHEMA}.counter from ${databaseRole(ONE)}`],
        ['a limit', `alter role ${databaseRole(ONE)} reset statement_timeout`],
        ['the login', `alter role ${databaseRole(ONE)} nologin`],
        ['its privacy', `grant usage on schema ${ONE_SCHEMA} to public`],
      ])('what lost %s is mended', async (_what, statement) => {
        await root.unsafe(statement)
        expect(await ensureRoles(owner, passwords)).toEqual([databaseRole(ONE)])
        expect(await ensureRoles(owner, passwords)).toEqual([])
      })

      it('several runners at once make each role once', async () => {
        await tidy()
        await migrateUp(owner, ALL, UP)
        const runners = [1, 2, 3].map(() => connect(ownerUrl))
        const made = await Promise.all(runners.map(runner => ensureRoles(runner, passwords)))
        expect(made.flat().sort()).toEqual([databaseRole(ONE), databaseRole(TWO)])
      })

      it('a role goes with its schema and comes back with it', async () => {
        await migrateDown(owner, ALL, { to: `${ONE}/0`, dry_run: false })
        expect(await dropRoles(owner)).toEqual([databaseRole(ONE)])
        expect(await dropRoles(owner)).toEqual([])
        expect(await existing()).toEqual([databaseRole(TWO)])
        expect(await ensureRoles(owner, passwords)).toEqual([])
        await migrateUp(owner, ALL, UP)
        expect(await ensureRoles(owner, passwords)).toEqual([databaseRole(ONE)])
        const rows = await login(ONE, passwords[ONE] ?? '')`select n from ${root(ONE_SCHEMA)}.items`
        expect(rows).toHaveLength(0)
      })
    })

    it('an owner who may not make roles is told what to grant', async () => {
      await tidy()
      const { name, url: address } = await makeOwner('nocreaterole')
      const owner = connect(address)
      await migrateUp(owner, [FIRST], UP)
      await expect(ensureRoles(owner, { [ONE]: randomUUID() })).rejects.toMatchObject({
        code: 'conflict',
        message: `the owner ${name} must be allowed to make the role ${databaseRole(ONE)}: as a superuser, run: alter role "${name}" createrole`,
      })
      expect(await existing()).toEqual([])
    })

    it('an owner who may not change a role that is there is told what to grant', async ctx => {
      const [server] = await root`select current_setting('server_version_num')::int as version`
      ctx.skip(server?.version < 160_000, 'before PostgreSQL 16 createrole reaches every role')
      await tidy()
      const { name, url: address } = await makeOwner('createrole')
      const owner = connect(address)
      await migrateUp(owner, [FIRST], UP)
      await root.unsafe(`create role ${databaseRole(ONE)}`)
      const hint = `grant "${databaseRole(ONE)}" to "${name}" with admin option`
      const passwords = { [ONE]: randomUUID() }
      await expect(ensureRoles(owner, passwords)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining(hint),
      })
      await root.unsafe(hint)
      expect(await ensureRoles(owner, passwords)).toEqual([databaseRole(ONE)])
    })
  })
}
