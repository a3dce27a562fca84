/** How the roles of the functions stand: one look at the catalogue, which is all there is to do on most days. */
import type { Sql, Transaction } from '../../shared/clients/sql.ts'
import { databaseRole } from '../../shared/database-role.ts'
import { verifies } from './scram.ts'
import type { RolePasswords } from './settings.ts'

/** What is given to every role with `alter role … set`. */
export const ROLE_SETTINGS: Readonly<Record<string, string>> = {
  statement_timeout: '30s',
  idle_in_transaction_session_timeout: '15s',
}

/** The role of a function that has a schema. */
export interface RoleState {
  name: string
  schema: string
  role: string
  is_there: boolean
  /** It may log in with the password of today. */
  knows_password: boolean
  /** It has every right that it needs. */
  has_rights: boolean
}

/** Who looks. */
export interface Owner {
  owner: string
  database: string
  may_make_roles: boolean
  owns_database: boolean
  /** Only a superuser may read the verifiers that PostgreSQL keeps; others go by what they recorded. */
  reads_verifiers: boolean
  /** Whether the record of roles is there. */
  has_record: boolean
}

/** What the user of this connection may do. */
export async function readOwner(sql: Sql | Transaction): Promise<Owner> {
  const [found] = await sql<Owner[]>`
    select current_user::text as owner, datname::text as database,
      rolsuper or rolcreaterole as may_make_roles,
      pg_has_role(datdba, 'usage') as owns_database,
      has_table_privilege('pg_catalog.pg_authid', 'select') as reads_verifiers,
      to_regclass('migrations.roles') is not null as has_record
    from pg_roles, pg_database
    where rolname = current_user and datname = current_database()`
  if (!found) throw new TypeError('"current_user" must be a role of the server, got none')
  return found
}

/** The roles of those functions of `passwords` that have a schema; needs the record when verifiers cannot be read. */
export async function readRoles(
  sql: Sql | Transaction,
  { reads_verifiers, owns_database }: Owner,
  passwords: RolePasswords,
): Promise<RoleState[]> {
  const wanted = Object.keys(passwords).map(name => ({ name, role: databaseRole(name) }))
  const settings = Object.entries(ROLE_SETTINGS).map(([name, value]) => `${name}=${value}`)
  const verifiers = reads_verifiers
    ? sql`select rolname as role, rolpassword as verifier from pg_authid`
    : sql`select role, verifier from migrations.roles`
  const rows = await sql<(RoleState & { verifier: string | null })[]>`
    select f.name, n.nspname::text as schema, f.role, v.verifier,
      r.oid is not null as is_there,
      coalesce(r.rolcanlogin, false) as knows_password,
      coalesce(
        to_jsonb(r.rolconfig) @> ${sql.json(settings)}::jsonb
        and (has_database_privilege(r.oid, current_database(), 'connect') or not ${owns_database})
        and has_schema_privilege(r.oid, n.oid, 'usage')
        and not exists (select from aclexplode(n.nspacl) where grantee = 0)
        and not exists (
          select from pg_class c
          where c.relnamespace = n.oid and case
            when c.relkind = 'S' then not has_sequence_privilege(r.oid, c.oid, 'usage')
            when c.relkind in ('r', 'p', 'v', 'm', 'f') then
              not (has_table_privilege(r.oid, c.oid, 'select')
                and has_table_privilege(r.oid, c.oid, 'insert')
                and has_table_privilege(r.oid, c.oid, 'update')
                and has_table_privilege(r.oid, c.oid, 'delete'))
            else false end)
        and not exists (
          select from pg_proc p
          where p.pronamespace = n.oid and not has_function_privilege(r.oid, p.oid, 'execute'))
        and 3 = (
          select count(distinct d.defaclobjtype) from pg_default_acl d, aclexplode(d.defaclacl) a
          where d.defaclnamespace = n.oid and a.grantee = r.oid
            and d.defaclrole = (select oid from pg_roles where rolname = current_user)
            and d.defaclobjtype in ('r', 'S', 'f')),
        false) as has_rights
    from jsonb_to_recordset(${sql.json(wanted)}::jsonb) as f (name text, role text)
    join lateral (
      select oid, nspname, nspacl from pg_namespace
      where nspname in (f.name, replace(f.name, '-', '_'))
      order by nspname = f.name desc limit 1
    ) n on true
    left join pg_roles r on r.rolname = f.role
    left join (${verifiers}) v on v.role = f.role
    order by f.name`
  return rows.map(({ verifier, ...row }) => ({
    ...row,
    knows_password: row.knows_password && verifies(verifier, passwords[row.name] ?? ''),
  }))
}

/** Whether there is nothing to do. */
export const stands = (role: RoleState): boolean => role.knows_password && role.has_rights
