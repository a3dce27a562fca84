/** The audit record: append-only rows, each sealed with the hash of the one before (migration 0001). */
import type { Sql, Transaction } from '../../shared/clients/sql.ts'
import { requestId } from '../../shared/route.ts'

/** What is recorded. Details never hold a password, a token or an e-mail address. */
export interface AuditEntry {
  /** User id, or `anonymous`. */
  actor: string
  action: AuditAction
  target: string
  outcome?: 'ok' | 'denied'
  ipPrefix?: string
  details?: Readonly<Record<string, string | number>>
}

type AuditAction =
  | 'login.ok'
  | 'login.fail'
  | 'user.created'
  | 'register.conflict'
  | 'refresh'
  | 'refresh_reuse_detected'
  | 'session.revoked'
  | 'password.rehashed'

/** Appends `entry`. In a transaction call it last: from here to the commit all other writers wait. */
export async function appendAudit(sql: Sql | Transaction, entry: AuditEntry): Promise<void> {
  const { actor, action, target, outcome = 'ok', ipPrefix = '', details = {} } = entry
  await sql`
    select auth.append_audit(
      ${actor}, ${action}, ${target}, ${outcome}, ${ipPrefix}, ${requestId()},
      ${sql.json(details)})`
}
