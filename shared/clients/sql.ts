/** The SQL client of a function: few connections, safe behind PgBouncer in transaction mode. */
import postgres from 'postgres'

/** porsager's tagged-template client. */
export type Sql = postgres.Sql

/** A transaction, as `sql.begin` gives it. */
export type Transaction = postgres.TransactionSql

/** Opens lazily: no connection is made before the first query. */
export function createSql(url: string, { service, max }: { service: string; max: number }): Sql {
  return postgres(url, {
    max,
    idle_timeout: 20,
    connect_timeout: 5,
    max_lifetime: 600,
    // One query less for each new connection; none of our columns needs a custom type.
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: service },
  })
}
