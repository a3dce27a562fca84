/** One writer for the memories of one user: what two events decide at once would contradict itself. */
import type { Transaction } from '../../shared/clients/sql.ts'

/** Waits for its turn; the lock ends with the transaction, so it is safe behind PgBouncer. */
export async function lockUser(tx: Transaction, userId: string): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${`memory ${userId}`}, 0))`
}
