/** Makes the first admin. There is no default account: somebody with the right to migrate names one. */
import type { Sql } from '../../shared/clients/sql.ts'
import type { AdminInput } from '../../shared/contracts/migrations.ts'
import { AppError } from '../../shared/errors.ts'
import { createPasswords } from '../../shared/password.ts'
import { assertPasswordAllowed } from '../../shared/password-policy.ts'
import { requestId } from '../../shared/route.ts'

/**
 * Makes the admin unless this e-mail is one already. The second admin is made by the first, not here.
 * @throws {@link AppError} `conflict` when there is another admin, or an account of this e-mail that is none
 */
export async function createFirstAdmin(
  sql: Sql,
  { email, password, name }: AdminInput,
  actor: string,
): Promise<{ created: boolean; user_id: string }> {
  await assertMigrated(sql)
  const existing = await findExisting(sql, email)
  if (existing) return { created: false, user_id: existing }
  assertPasswordAllowed(password, { email, name })
  const phc = await createPasswords().hash(password)
  return sql.begin(async tx => {
    await tx`select pg_advisory_xact_lock(hashtextextended('auth.first-admin', 0))`
    const rows = await tx<{ id: string }[]>`
      insert into auth.users (email, name, password_phc, roles)
      select ${email}, ${name}, ${phc}, '{admin}'
      where not exists (select from auth.users where 'admin' = any(roles))
      on conflict (email) do nothing
      returning id`
    const id = rows[0]?.id
    if (id === undefined) {
      const other = await findExisting(tx as unknown as Sql, email)
      if (other) return { created: false, user_id: other }
      throw new AppError('conflict', 'an account of this e-mail exists, and it is not an admin')
    }
    await tx`
      select auth.append_audit(${actor}, 'user.created', ${id}, 'ok', '', ${requestId()},
        ${tx.json({ role: 'admin' })})`
    return { created: true, user_id: id }
  })
}

/** The admin of this e-mail; refuses when the admin is somebody else. */
async function findExisting(sql: Sql, email: string): Promise<string | undefined> {
  const admins = await sql<{ id: string; is_same: boolean }[]>`
    select id, email = ${email} as is_same from auth.users
    where 'admin' = any(roles) order by is_same desc limit 1`
  const admin = admins[0]
  if (!admin || admin.is_same) return admin?.id
  throw new AppError('conflict', 'there is an admin already, who can make others')
}

async function assertMigrated(sql: Sql): Promise<void> {
  const [found] = await sql<{ is_there: boolean }[]>`
    select to_regclass('auth.users') is not null as is_there`
  if (!found?.is_there) {
    throw new AppError('conflict', 'the schema of auth is not there yet, run the migrations first')
  }
}
