import { stripTypeScriptTypes } from 'node:module'
import { buildSync } from 'esbuild'
import { expect, test } from 'vitest'
import { createFunctionFiles } from '../../../scripts/local/function-files.ts'

/** Words that are no name for a constant, and names that the files themselves use. */
const HARD_NAMES = ['delete', 'new', 'class', 'default', 'await', 'eval', 'package', 'static']
const OWN_NAMES = ['on', 'test', 'expect', 'define-function', 'give-greeting', 'create-test-app']
const PLAIN_NAMES = ['orders', 'order-desk', 'a-1b', 'of', 'async', 'constructor']

test.each([...HARD_NAMES, ...OWN_NAMES, ...PLAIN_NAMES])('the files of "%s" parse', name => {
  for (const [file, text] of Object.entries(createFunctionFiles(name))) {
    if (file.endsWith('.ts')) expect(() => parse(text)).not.toThrow()
  }
})

test.each([
  ['order-desk', 'orderDesk'],
  ['delete', 'deleteFunction'],
  ['constructor', 'constructor'],
])('the constant of %s is %s, its paths keep the name', (name, id) => {
  const files = createFunctionFiles(name)
  expect(files[`functions/${name}/index.ts`]).toContain(`export default ${id}\n`)
  expect(files[`shared/contracts/${name}.ts`]).toContain(`path: '/api/v1/${name}/hello'`)
})

/** As Node reads it: a module in strict mode, without its types, where a name is declared once. */
function parse(code: string): void {
  const contents = stripTypeScriptTypes(code)
  buildSync({ stdin: { contents, loader: 'js' }, format: 'esm', write: false, logLevel: 'silent' })
}
