import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { collectMigrations } from '../../scripts/migrations-catalogue.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'aiwfe-migrations-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function write(files: Record<string, string>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    const path = join(root, 'functions', file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
}

const PAIR = { up: 'select 1', down: 'select 2' }
const pair = (stem: string): Record<string, string> => ({
  [`${stem}.up.sql`]: PAIR.up,
  [`${stem}.down.sql`]: PAIR.down,
})

it('lists auth first, then by name, then by version', async () => {
  await write({
    ...pair('zebra/migrations/0002_b'),
    ...pair('zebra/migrations/0001_a'),
    ...pair('auth/migrations/0001_accounts'),
    ...pair('chat/migrations/0001_turns'),
    'chat/index.ts': '',
  })
  const found = await collectMigrations(root)
  expect(found.map(step => `${step.function}/${step.version}`)).toEqual([
    'auth/1',
    'chat/1',
    'zebra/1',
    'zebra/2',
  ])
  expect(found[0]).toMatchObject({ name: 'accounts', ...PAIR })
  expect(found[0]?.checksum).toMatch(/^[0-9a-f]{64}$/)
})

it.each([
  [
    'a wrong name',
    { 'a/migrations/1_x.up.sql': '' },
    '"functions/a/migrations/1_x.up.sql" must be named',
  ],
  ['no way back', { 'a/migrations/0001_x.up.sql': '' }, 'must have its down'],
  ['no way there', { 'a/migrations/0001_x.down.sql': '' }, 'must have its up'],
  [
    'a version twice',
    { ...pair('a/migrations/0001_x'), ...pair('a/migrations/0001_y') },
    'must have a version of its own',
  ],
  [
    'a transaction of its own',
    { ...pair('a/migrations/0001_x'), 'a/migrations/0001_x.up.sql': 'begin;\nselect 1;\nCOMMIT;' },
    'must leave the transaction alone',
  ],
])('refuses %s', async (_, files, message) => {
  await write(files)
  await expect(collectMigrations(root)).rejects.toThrow(message)
})

it('takes the blocks of a function body for what they are', async () => {
  await write({
    ...pair('a/migrations/0001_x'),
    'a/migrations/0001_x.up.sql': 'do $$\nbegin\n  perform 1;\nend;\n$$;',
  })
  expect(await collectMigrations(root)).toHaveLength(1)
})
