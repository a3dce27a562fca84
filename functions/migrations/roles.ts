/** Each function's own login role: it works on the schema of its function, and sees no other. */
import type { Sql, Transaction } from '../../shared/clients/sql.ts'
import { AppError } from '../../shared/errors.ts'
import { withLock } from './ledger.ts'
import {
  type Owner,
  ROLE_SETTINGS,
  type RoleState,
  readOwner,
  readRoles,
  stands,
} from './role-state.ts'
import { createVerifier } from './scram.ts'
import type { RolePasswords } from './settings.ts'

/**
 * Makes or mends the roles of those functions of `passwords` that have a schema; nothing when all stand as they should.
 * @returns the roles that it made or changed
 * @throws {@link AppError} `conflict` that says what the owner must be granted, `busy` when another runner is at it
 */
export async function ensureRoles(sql: Sql, passwords: RolePasswords): Promise<string[]> {
  const owner = await readOwner(sql)
  if (owner.has_record && (await readRoles(sql, owner, passwords)).every(stands)) return []
  return withLock(sql, async tx => {
    if (!owner.has_record) {
      await tx`
        create table if not exists migrations.roles (
          role text primary key, schema text not null, verifier text)`
    }
    const changed = (await readRoles(tx, owner, passwords)).filter(role => !stands(role))
    for (const role of changed) await ensureRole(tx, owner, role, passwords[role.name] ?? '')
    return changed.map(({ role }) => role)
  }).catch(toBusy)
}

/**
 * Removes the roles whose schema is gone. One that has rights in another database of the server stays, without any here.
 * @returns the roles that are gone
 */
export async function dropRoles(sql: Sql): Promise<string[]> {
  const owner = await readOwner(sql)
  if (!owner.has_record || (await readOrphans(sql)).length === 0) return []
  return withLock(sql, async tx => {
    const gone: string[] = []
    for (const role of await readOrphans(tx)) {
      if (await dropRole(tx, owner, role)) gone.push(role)
      await tx`delete from migrations.roles where role = ${role}`
    }
    return gone
  }).catch(toBusy)
}

async function ensureRole(
  tx: Transaction,
  owner: Owner,
  state: RoleState,
  password: string,
): Promise<void> {
  const { role, schema } = state
  if (!owner.may_make_roles) {
    throw new AppError(
      'conflict',
      `the owner ${owner.owner} must be allowed to make the role ${role}: as a superuser, run: alter role ${quote(owner.owner)} createrole`,
      { details: { owner: owner.owner, role } },
    )
  }
  const verifier = state.knows_password ? undefined : createVerifier(password)
  try {
    // One round trip; the lines before a failing one are taken back with it.
    await tx.unsafe(toStatements(owner, state, verifier).join(';\n'))
  } catch (error) {
    throw toRightsError(error, owner, role)
  }
  await tx`
    insert into migrations.roles as known (role, schema, verifier)
    values (${role}, ${schema}, ${verifier ?? null})
    on conflict (role) do update
    set schema = excluded.schema, verifier = coalesce(excluded.verifier, known.verifier)`
}

const TABLE_RIGHTS = 'select, insert, update, delete'

function toStatements(
  { owns_database, database }: Owner,
  { role, schema, is_there }: RoleState,
  verifier: string | undefined,
): string[] {
  const to = quote(role)
  const within = `in schema ${quote(schema)}`
  return [
    // A verifier is base64 and a few signs, none of which ends a literal.
    ...(verifier
      ? [`${is_there ? 'alter' : 'create'} role ${to} login password '${verifier}'`]
      : []),
    ...Object.entries(ROLE_SETTINGS).map(
      ([name, value]) => `alter role ${to} set ${name} = '${value}'`,
    ),
    // Others may not grant it, and everybody has it there unless somebody took it away.
    ...(owns_database ? [`grant connect on database ${quote(database)} to ${to}`] : []),
    `revoke all on schema ${quote(schema)} from public`,
    `grant usage on schema ${quote(schema)} to ${to}`,
    `grant ${TABLE_RIGHTS} on all tables ${within} to ${to}`,
    `grant usage on all sequences ${within} to ${to}`,
    `grant execute on all routines ${within} to ${to}`,
    `alter default privileges ${within} grant ${TABLE_RIGHTS} on tables to ${to}`,
    `alter default privileges ${within} grant usage on sequences to ${to}`,
    `alter default privileges ${within} grant execute on routines to ${to}`,
  ]
}

async function readOrphans(sql: Sql | Transaction): Promise<string[]> {
  const rows = await sql<{ role: string }[]>`
    select role from migrations.roles
    where schema not in (select nspname from pg_namespace) order by role`
  return rows.map(({ role }) => role)
}

async function dropRole(
  tx: Transaction,
  { owns_database, database, owner }: Owner,
  role: string,
): Promise<boolean> {
  const [found] = await tx`select from pg_roles where rolname = ${role}`
  if (!found) return false
  if (owns_database) {
    await tx.unsafe(`revoke connect on database ${quote(database)} from ${quote(role)}`)
  }
  try {
    await tx.savepoint(part => part.unsafe(`drop role ${quote(role)}`))
    return true
  } catch (error) {
    if (codeOf(error) === DEPENDENT_OBJECTS) return false
    throw toRightsError(error, { owner }, role)
  }
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

const INSUFFICIENT_PRIVILEGE = '42501'
const DEPENDENT_OBJECTS = '2BP01'
/** Roles belong to the server, the lock to one database: a runner of another one may have made the same role. */
const BUSY = ['55P03', '42710', '23505']

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? ''

function toRightsError(error: unknown, { owner }: Pick<Owner, 'owner'>, role: string): unknown {
  if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new AppError(
    'conflict',
    `the owner ${owner} must be allowed to change the role ${role}, got: ${reason}; as a superuser, run: grant ${quote(role)} to ${quote(owner)} with admin option`,
    { cause: error, details: { owner, role, sqlstate: INSUFFICIENT_PRIVILEGE } },
  )
}

function toBusy(error: unknown): never {
  if (!BUSY.includes(codeOf(error))) throw error
  throw new AppError('busy', 'another runner is making roles, try again', { cause: error })
}
