import { expect, test } from 'vitest'
import { toPostgresEnvironment } from '../../../scripts/local/postgres-environment.ts'

test.each([
  [
    'postgres://ada:p%40s%2F@127.0.0.1:5433/shop',
    {
      PGHOST: '127.0.0.1',
      PGPORT: '5433',
      PGUSER: 'ada',
      PGPASSWORD: 'p@s/',
      PGDATABASE: 'shop',
    },
  ],
  [
    'postgresql://ada@[::1]/shop?sslmode=require',
    {
      PGHOST: '::1',
      PGPORT: '5432',
      PGUSER: 'ada',
      PGDATABASE: 'shop',
      PGSSLMODE: 'require',
    },
  ],
  [
    'postgres://a:50%@db.test/',
    { PGHOST: 'db.test', PGPORT: '5432', PGUSER: 'a', PGPASSWORD: '50%' },
  ],
  ['mysql://a@b/c', {}],
  ['no address', {}],
  [undefined, {}],
])('%s is what psql is told', (url, expected) => {
  expect(toPostgresEnvironment(url)).toEqual(expected)
})
