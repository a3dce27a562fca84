import { expect, it } from 'vitest'
import { splitStatements } from '../../../functions/migrations/statements.ts'

const texts = (sql: string): string[] => splitStatements(sql).map(({ text }) => text)

it('splits at semicolons and says on which line each statement begins', () => {
  const sql = '-- why\n\nselect 1;\n/* two\n lines */ select\n 2 ; \n\n select 3'
  expect(splitStatements(sql)).toEqual([
    { text: 'select 1', line: 3 },
    { text: 'select\n 2', line: 5 },
    { text: 'select 3', line: 8 },
  ])
})

it.each([
  `select 'a;b', 'it''s; ok'`,
  `select e'a\\';b'`,
  `select "a;b", "c"";d"`,
  `select 1 -- not; here\n, 2`,
  'select /* a ; /* nested ; */ still ; */ 1',
  'do $$ begin perform 1; end $$',
  'create function f() returns text as $body$ select $$;$$; $body$ language sql',
  `select $1$, '$tag$'`.replace('$1$', '1'),
  `select 'a\n;\nb'`,
])('keeps together: %s', sql => {
  expect(texts(`${sql};\nselect 9;`)).toEqual([sql, 'select 9'])
})

it('leaves out what is empty or only a comment', () => {
  expect(texts(';;\n-- nothing\n; /* nothing */ ;')).toEqual([])
})

it('gives what is left of an unfinished statement to the database to judge', () => {
  expect(texts(`select 'open; select 2`)).toEqual([`select 'open`, 'select 2'])
  expect(texts('select 1 /* open ; select 2')).toHaveLength(1)
})
