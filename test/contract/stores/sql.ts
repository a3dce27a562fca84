/** What every SQL store must do for the unmodified `postgres` client, embedded or real. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from './target.ts'

/** Runs the suite against `target`, whose access is a connection string of a superuser. */
export function sqlContract(target: Target<string>): void {
  describe(`sql store: ${target.name}`, () => {
    let url = ''
    let close: () => Promise<void> = async () => {}
    let sql: postgres.Sql
    const schema = `contract_${process.pid}_${Math.floor(Math.random() * 1e9)}`
    const connect = (options: postgres.Options<Record<string, never>> = {}): postgres.Sql =>
      postgres(url, {
        max: 3,
        onnotice: () => {},
        ...options,
        connection: { search_path: schema, ...options.connection },
      })

    beforeAll(async () => {
      ;({ access: url, close } = await target.open())
      sql = connect()
      await sql`CREATE SCHEMA ${sql(schema)}`
      await sql`CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL, note text)`
    })

    afterAll(async () => {
      await sql?.unsafe(`DROP SCHEMA IF EXISTS ${schema} CASCADE`).catch(() => {})
      await sql?.end()
      await close()
    })

    it('carries every type that the functions use, both ways', async () => {
      const at = new Date('2026-01-02T03:04:05.678Z')
      const bytes = Buffer.from([0, 1, 2, 255])
      const [row] =
        await sql`SELECT ${sql.json({ a: [1, 'x', null] })}::jsonb AS j, ${sql.array(['a', 'b,"c'])}::text[] AS l,
        ${at}::timestamptz AS at, ${bytes}::bytea AS b, ${'9007199254740993'}::bigint AS n, ${true}::boolean AS t, ${null}::text AS nothing`
      expect(row).toEqual({
        j: { a: [1, 'x', null] },
        l: ['a', 'b,"c'],
        at,
        b: bytes,
        n: '9007199254740993',
        t: true,
        nothing: null,
      })
    })

    it('carries a parameter and a result of several megabytes', async () => {
      const text = 'ü'.repeat(2_000_000)
      const [row] = await sql`SELECT ${text}::text AS text, repeat('x', 5000000) AS long`
      expect(row?.text.length).toBe(2_000_000)
      expect(row?.long.length).toBe(5_000_000)
    })

    it('commits what sql.begin did and rolls back to a savepoint', async () => {
      await sql.begin(async tx => {
        await tx`INSERT INTO account VALUES (1, 10)`
        await expect(
          tx.savepoint(async inner => {
            await inner`INSERT INTO account VALUES (2, 10)`
            await inner`INSERT INTO account VALUES (2, 10)`
          }),
        ).rejects.toMatchObject({ code: '23505' })
        await tx`INSERT INTO account VALUES (3, 10)`
      })
      expect(
        (await sql`SELECT id FROM account WHERE id < 10 ORDER BY id`).map(row => row.id),
      ).toEqual([1, 3])
    })

    it('rolls back a transaction in which a statement failed, and the connection goes on', async () => {
      const one = connect({ max: 1 })
      try {
        await expect(
          one.begin(async tx => {
            await tx`INSERT INTO account VALUES (20, 10)`
            await tx`SELECT * FROM missing_table`
          }),
        ).rejects.toMatchObject({
          code: '42P01',
          message: 'relation "missing_table" does not exist',
        })
        expect((await one`SELECT count(*)::int AS n FROM account WHERE id = 20`)[0]?.n).toBe(0)
      } finally {
        await one.end()
      }
    })

    it('keeps a failed transaction failed until it is rolled back', async () => {
      await expect(
        sql.begin(async tx => {
          await tx`SELECT 1 / 0`.catch(() => {})
          await expect(tx`SELECT 1`).rejects.toMatchObject({ code: '25P02' })
        }),
      ).rejects.toMatchObject({ code: '22012' })
    })

    it('answers the right error to the right query of a pipeline', async () => {
      const one = connect({ max: 1 })
      try {
        const results = await Promise.allSettled([
          one`SELECT 1 AS n`,
          one`SELECT * FROM missing_table`,
          one`SELECT ${3}::int AS n`,
        ])
        expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
        expect(results[2]).toMatchObject({ value: [{ n: 3 }] })
      } finally {
        await one.end()
      }
    })

    it('never mixes the transactions of 20 clients', async () => {
      await sql`INSERT INTO account VALUES (100, 0)`
      const clients = Array.from({ length: 20 }, () => connect())
      try {
        await Promise.all(
          clients.map(async client => {
            for (let round = 0; round < 5; round++) {
              await client.begin(async tx => {
                const [before] = await tx`SELECT balance FROM account WHERE id = 100 FOR UPDATE`
                await new Promise(resolve => setImmediate(resolve))
                await tx`UPDATE account SET balance = ${(before?.balance ?? 0) + 1} WHERE id = 100`
              })
            }
          }),
        )
        expect((await sql`SELECT balance FROM account WHERE id = 100`)[0]?.balance).toBe(100)
      } finally {
        await Promise.all(clients.map(client => client.end()))
      }
    })

    it('keeps the prepared statements of clients apart, even under one name', async () => {
      const [a, b] = [connect({ max: 1 }), connect({ max: 1 })]
      try {
        for (let round = 0; round < 3; round++) {
          expect((await a`SELECT ${'a'}::text AS who`)[0]?.who).toBe('a')
          expect((await b`SELECT ${'b'}::text AS who, 1 AS more`)[0]).toEqual({ who: 'b', more: 1 })
        }
      } finally {
        await Promise.all([a.end(), b.end()])
      }
    })

    it('serves unnamed statements of clients that interleave', async () => {
      const clients = [1, 2, 3].map(() => connect({ max: 1, prepare: false }))
      try {
        const answers = await Promise.all(
          clients.flatMap((client, at) =>
            Array.from({ length: 10 }, (_, round) => client`SELECT ${at * 100 + round}::int AS n`),
          ),
        )
        expect(answers.map(rows => rows[0]?.n)).toEqual(
          [0, 1, 2].flatMap(at => Array.from({ length: 10 }, (_, round) => at * 100 + round)),
        )
      } finally {
        await Promise.all(clients.map(client => client.end()))
      }
    })

    it('plans again after the tables changed', async () => {
      await sql`CREATE TABLE shape (a int)`
      const read = async (): Promise<number> =>
        (await sql`SELECT count(*)::int AS n FROM shape WHERE a > ${0}`)[0]?.n
      expect(await read()).toBe(0)
      await sql`ALTER TABLE shape ADD COLUMN b text DEFAULT 'x'`
      await sql`INSERT INTO shape (a) VALUES (1)`
      expect(await read()).toBe(1)
    })

    it('keeps settings of a session in that session', async () => {
      const [a, b] = [
        connect({ max: 1, connection: { application_name: 'one' } }),
        connect({ max: 1, connection: { application_name: 'two' } }),
      ]
      try {
        await a`SET TIME ZONE 'Europe/Berlin'`
        await a`SELECT set_config('aiwfe.tenant', 'acme', false)`
        const read = (client: postgres.Sql): Promise<postgres.RowList<postgres.Row[]>> =>
          client`SELECT current_setting('TimeZone') AS zone, current_setting('application_name') AS name,
            coalesce(current_setting('aiwfe.tenant', true), '') AS tenant, current_schema() AS schema`
        expect((await read(b))[0]).toMatchObject({ name: 'two', tenant: '', schema })
        expect((await read(b))[0]?.zone).not.toBe('Europe/Berlin')
        expect((await read(a))[0]).toMatchObject({
          zone: 'Europe/Berlin',
          name: 'one',
          tenant: 'acme',
          schema,
        })
      } finally {
        await Promise.all([a.end(), b.end()])
      }
    })

    it('gives each role its own password and rights', async () => {
      const role = `${schema}_role`
      await sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'its own' `)
      const as = (password: string): postgres.Sql => {
        const own = new URL(url)
        own.username = role
        own.password = encodeURIComponent(password)
        return postgres(own.href, { max: 1, onnotice: () => {} })
      }
      const [good, bad] = [as('its own'), as('wrong')]
      try {
        expect((await good`SELECT current_user::text AS me`)[0]?.me).toBe(role)
        await expect(good.unsafe(`SELECT * FROM ${schema}.account`)).rejects.toMatchObject({
          code: '42501',
        })
        await expect(bad`SELECT 1`).rejects.toMatchObject({
          code: '28P01',
          message: `password authentication failed for user "${role}"`,
        })
        expect((await sql`SELECT current_user::text AS me`)[0]?.me).not.toBe(role)
      } finally {
        await Promise.all([good.end(), bad.end()])
        await sql.unsafe(`DROP ROLE ${role}`)
      }
    })

    it('rolls back the transaction of a client that was killed', async () => {
      const script = `
        import postgres from ${JSON.stringify(import.meta.resolve('postgres'))}
        const sql = postgres(process.env.URL, { max: 1 })
        await sql.begin(async tx => {
          await tx.unsafe('INSERT INTO ${schema}.account VALUES (300, 1)')
          process.stdout.write('open')
          await new Promise(() => setInterval(() => {}, 1000))
        })`
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, URL: url },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
      expect((await sql`INSERT INTO account VALUES (300, 2) RETURNING balance`)[0]?.balance).toBe(2)
    })

    it('refuses a database that does not exist', async () => {
      const other = new URL(url)
      other.pathname = '/no_such_database'
      const client = postgres(other.href, { max: 1 })
      await expect(client`SELECT 1`).rejects.toMatchObject({
        code: '3D000',
        message: 'database "no_such_database" does not exist',
      })
      await client.end()
    })
  })
}
