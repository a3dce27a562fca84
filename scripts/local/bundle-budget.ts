/** What a function's bundle may weigh and must not hold: both decide its cold start. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleFunction, bundleVendor, listFunctions } from '../build.ts'

/** One file as it would be deployed. */
export interface BuiltFile {
  name: string
  bytes: number
  code: string
  /** The modules in it, as paths from the project's root. */
  inputs: readonly string[]
}

/** Node parses it whole before the first line runs: 100 KiB cost about 3 ms. */
export const MAX_FUNCTION_KIB = 200
/** Parsed after the function is ready, but before the answer that needs it. */
export const MAX_VENDOR_KIB = 100

/** Modules that double a cold start; see `scripts/build.ts`. Paths, because minified code names no module. */
const FORBIDDEN_INPUT = /node_modules\/(undici|zod\/v4\/classic)\//
/** The same of Node's own, which stay as text. */
const FORBIDDEN_CODE = [
  /\brequire\("(node:)?http2"\)/,
  /\brequire\("undici"\)/,
  /globalThis\.Request/,
]

/** Bundles everything; returns a line for each file that is too heavy or holds what it must not. */
export async function checkBundles(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-check-'))
  try {
    await bundleVendor(directory)
    const functions = (await listFunctions()).map(async name => {
      const { bytes, file, inputs } = await bundleFunction(name, directory)
      const code = await readFile(file.replace(/\.cjs$/, '.main.cjs'), 'utf8')
      return problemsOf({ name: `functions/${name}`, bytes, code, inputs }, MAX_FUNCTION_KIB)
    })
    const vendor = (await readdir(join(directory, 'vendor'))).map(async file => {
      const code = await readFile(join(directory, 'vendor', file), 'utf8')
      const bytes = Buffer.byteLength(code)
      return problemsOf({ name: `vendor/${file}`, bytes, code, inputs: [] }, MAX_VENDOR_KIB)
    })
    return (await Promise.all([...functions, ...vendor])).flat().join('\n')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** A line for each thing that is wrong with a file. */
export function problemsOf({ name, bytes, code, inputs }: BuiltFile, maxKib: number): string[] {
  const kib = Math.ceil(bytes / 1024)
  const found = [
    ...inputs.filter(path => FORBIDDEN_INPUT.test(path)),
    ...FORBIDDEN_CODE.flatMap(pattern => pattern.exec(code)?.[0] ?? []),
  ]
  return [
    ...(kib > maxKib ? [`${name}: ${kib} KiB, the budget is ${maxKib} KiB`] : []),
    ...found.map(what => `${name}: the bundle holds ${what}`),
  ]
}
