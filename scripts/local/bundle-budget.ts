/** What a function's bundle may weigh and must not hold: both decide its cold start. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleFunction, listFunctions } from '../build.ts'

/** Node parses it whole before the first line runs: 100 KiB cost about 3 ms. */
const MAX_KIB = 200

/** Traces of modules that double a cold start; see `scripts/build.ts`. */
const FORBIDDEN = [
  'require("node:http2")',
  'require("undici")',
  'globalThis.Request',
  'zod/v4/classic',
]

/** Bundles every function; returns a line for each that is too heavy or holds what it must not. */
export async function checkBundles(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-check-'))
  try {
    const problems = await Promise.all(
      (await listFunctions()).map(async name => {
        const { bytes, file } = await bundleFunction(name, directory)
        const code = await readFile(file.replace(/\.cjs$/, '.main.cjs'), 'utf8')
        const kib = Math.ceil(bytes / 1024)
        return [
          ...(kib > MAX_KIB ? [`functions/${name}: ${kib} KiB, the budget is ${MAX_KIB} KiB`] : []),
          ...FORBIDDEN.filter(text => code.includes(text)).map(
            text => `functions/${name}: the bundle holds ${text}`,
          ),
        ]
      }),
    )
    return problems.flat().join('\n')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
