import { expect, test } from 'vitest'
import { type BuiltFile, checkBundles, problemsOf } from '../../../scripts/local/bundle-budget.ts'

const FILE: BuiltFile = { name: 'functions/a', bytes: 1_000, code: 'x', inputs: ['shared/app.ts'] }

test('a light file of allowed modules has no problem', () => {
  expect(problemsOf(FILE, 1)).toEqual([])
})

test('a file over its budget is named with both sizes', () => {
  expect(problemsOf({ ...FILE, bytes: 1_025 }, 1)).toEqual([
    'functions/a: 2 KiB, the budget is 1 KiB',
  ])
})

test.each([
  'node_modules/undici/lib/api/index.js',
  'node_modules/a/node_modules/undici/index.js',
  'node_modules/zod/v4/classic/schemas.js',
])('the module %s is named', path => {
  expect(problemsOf({ ...FILE, inputs: [path] }, 1)).toEqual([
    `functions/a: the bundle holds ${path}`,
  ])
})

test.each(['require("node:http2")', 'require("http2")', 'require("undici")', 'globalThis.Request'])(
  'the code %s is named',
  code => {
    expect(problemsOf({ ...FILE, code: `a;${code};b` }, 1)).toEqual([
      `functions/a: the bundle holds ${code}`,
    ])
  },
)

test('modules of the same beginning are not meant', () => {
  const inputs = ['node_modules/zod/v4/core/core.js', 'node_modules/undici-types/index.js']
  expect(problemsOf({ ...FILE, inputs }, 1)).toEqual([])
})

test('the functions of this project keep their budgets', async () => {
  expect(await checkBundles()).toBe('')
})
