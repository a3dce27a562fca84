/** The variables by which psql and pg_dump find a database: they do not read `DATABASE_URL`. */

/** Of libpq's parameters in a URL, those that say how to connect. */
const PARAMETERS: Readonly<Record<string, string>> = {
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  channel_binding: 'PGCHANNELBINDING',
  options: 'PGOPTIONS',
}

/** What libpq reads (PostgreSQL documentation, "Environment Variables"); empty when the URL is none of PostgreSQL. */
export function toPostgresEnvironment(url: string | undefined): Record<string, string> {
  const parsed = url === undefined ? null : URL.parse(url)
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol)) return {}
  const { hostname, port, username, password, pathname, searchParams } = parsed
  const values: Record<string, string> = {
    PGHOST: hostname.replace(/^\[(.*)\]$/, '$1'),
    PGPORT: port || '5432',
    PGUSER: decode(username),
    PGPASSWORD: decode(password),
    PGDATABASE: decode(pathname.slice(1)),
  }
  for (const [parameter, name] of Object.entries(PARAMETERS)) {
    values[name] = searchParams.get(parameter) ?? ''
  }
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''))
}

/** A lone percent sign stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
