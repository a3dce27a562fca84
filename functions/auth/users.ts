/** The rows of accounts. */
import type { Sql } from '../../shared/clients/sql.ts'
import type { User } from '../../shared/contracts/auth.ts'

/** An account as the function uses it. */
export interface Account {
  id: string
  email: string
  name: string
  roles: string[]
  status: 'active' | 'disabled'
  version: number
  created_at: Date
  password_phc: string
}

/** Arrays come as JSON: the client does not know the types of this database's arrays. */
const COLUMNS = `id, email, name, to_jsonb(roles) as roles, status, version::int as version,
  created_at, password_phc`

/** The account of an e-mail in its normal form. */
export async function findByEmail(sql: Sql, email: string): Promise<Account | undefined> {
  const rows = await sql<Account[]>`
    select ${sql.unsafe(COLUMNS)} from auth.users where email = ${email}`
  return rows[0]
}

/** The account of an id. */
export async function findById(sql: Sql, id: string): Promise<Account | undefined> {
  const rows = await sql<Account[]>`
    select ${sql.unsafe(COLUMNS)} from auth.users where id = ${id}`
  return rows[0]
}

/** Makes an account with the role `user`; `undefined` when the e-mail has one already. */
export async function insertUser(
  sql: Sql,
  { email, name, phc }: { email: string; name: string; phc: string },
): Promise<Account | undefined> {
  const rows = await sql<Account[]>`
    insert into auth.users (email, name, password_phc) values (${email}, ${name}, ${phc})
    on conflict (email) do nothing
    returning ${sql.unsafe(COLUMNS)}`
  return rows[0]
}

/** Puts the same password under today's parameters, unless it was changed meanwhile. */
export async function replaceHash(
  sql: Sql,
  { id, password_phc }: Account,
  phc: string,
): Promise<boolean> {
  const { count } = await sql`
    update auth.users set password_phc = ${phc}, updated_at = now()
    where id = ${id} and password_phc = ${password_phc}`
  return count === 1
}

/** What the account's owner may see of it. */
export const toUser = ({
  id,
  email,
  name,
  roles,
  created_at,
}: Omit<Account, 'password_phc'>): User => ({
  id,
  email,
  name,
  roles,
  created_at: created_at.toISOString(),
})
