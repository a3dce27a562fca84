/** Bundles functions: one minified CommonJS file each, because that starts in half the time of an ES module. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, type BuildResult, build, type Plugin } from 'esbuild'
import { collectMigrations } from './migrations-catalogue.ts'

/** A built function: its entry file, and the size of its own code. */
export interface Bundle {
  name: string
  /** What `node` is started with. */
  file: string
  bytes: number
}

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** The default place of bundles, left out of git. */
export const DIST: string = join(ROOT, 'dist', 'functions')

/** Packages that functions load after they are ready; each is a file of its own, parsed only when needed. */
const VENDOR = [
  '@qdrant/js-client-rest',
  '@upstash/redis',
  'cloudevents',
  'jose',
  'ollama',
  'postgres',
]

/**
 * Measured on Node 24: a server that touches the platform's `Request` loads undici and http2, and is ready in twice the
 * time of a bare one. Bundles use the classes of `shared/web` in their place; the libraries inside find them by name.
 */
const COMMON: BuildOptions = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  // As `require`: a real `import()` would load Node's ES module loader, which costs 25 ms.
  supported: { 'dynamic-import': false },
  legalComments: 'none',
  logLevel: 'silent',
  write: false,
  inject: [join(ROOT, 'shared/web/globals.ts')],
  define: {
    'global.Request': 'Request',
    'global.Response': 'Response',
    'globalThis.Headers': 'Headers',
    'globalThis.fetch': 'fetch',
    'globalThis.CloseEvent': 'undefined',
    'globalThis.ErrorEvent': 'undefined',
  },
  alias: {
    // We speak HTTP/1.1 inside a pod; the adapter asks only whether a request is one of HTTP/2.
    'node:http2': join(ROOT, 'shared/web/no-http2.ts'),
    // Qdrant's client wants it for a connection pool that our own agent provides.
    undici: join(ROOT, 'shared/web/no-undici.ts'),
    // Asked for at once, used only when the database speaks TLS.
    tls: join(ROOT, 'shared/web/lazy-tls.ts'),
  },
}

/**
 * Bundles `functions/<name>/index.ts` into `directory`.
 * @throws esbuild's `BuildFailure`, whose `errors` say file and line
 */
export async function bundleFunction(name: string, directory: string = DIST): Promise<Bundle> {
  const code = join(directory, `${name}.main.cjs`)
  const result = await build({
    ...COMMON,
    stdin: {
      contents: `import definition from './functions/${name}/index.ts'
import { serve } from './shared/serve.ts'
serve(definition)`,
      resolveDir: ROOT,
      loader: 'ts',
      sourcefile: `${name}.ts`,
    },
    outfile: code,
    plugins: [externalVendor],
    define: { ...COMMON.define, ...(await embedded(name)) },
  })
  const file = join(directory, `${name}.cjs`)
  await writeWhole(file, Buffer.from(ENTRY.replace('NAME', name)))
  return { name, file, bytes: await writeOutputs(result) }
}

/** Bundles the packages that all functions share. */
export async function bundleVendor(directory: string = DIST): Promise<void> {
  await Promise.all(
    VENDOR.map(async name => {
      const stdin = { contents: `module.exports = require('${name}')`, resolveDir: ROOT }
      const outfile = join(directory, vendorFile(name))
      await writeOutputs(await build({ ...COMMON, stdin, outfile }))
    }),
  )
}

/** One function carries the SQL of all: it is the one that applies it. */
async function embedded(name: string): Promise<Record<string, string>> {
  if (name !== 'migrations') return {}
  return { __MIGRATIONS__: JSON.stringify(await collectMigrations(ROOT)) }
}

/** Names of all functions: the folders of `functions/`. */
export async function listFunctions(): Promise<string[]> {
  const entries = await readdir(join(ROOT, 'functions'), { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
}

/** Keeps V8's compiled code beside the bundle; written once, when the function has answered and is idle. */
const ENTRY = `const m = require('node:module')
m.enableCompileCache(__dirname + '/compile-cache')
require('./NAME.main.cjs')
setTimeout(m.flushCompileCache, 2000).unref()
`

const externalVendor: Plugin = {
  name: 'external-vendor',
  setup({ onResolve }) {
    onResolve({ filter: /^[@a-z]/ }, ({ path }) =>
      VENDOR.includes(path) ? { path: vendorFile(path), external: true } : undefined,
    )
  },
}

const vendorFile = (name: string): string => `./vendor/${name.replaceAll('/', '-')}.cjs`

/** Writes what esbuild made; returns how many bytes that is. */
async function writeOutputs({ outputFiles = [] }: BuildResult): Promise<number> {
  for (const { path, contents } of outputFiles) await writeWhole(path, contents)
  return outputFiles.reduce((sum, { contents }) => sum + contents.byteLength, 0)
}

/** A function may start while another process builds: it must find the old file or the new one, never half of it. */
async function writeWhole(file: string, contents: Uint8Array): Promise<void> {
  const old = await readFile(file).catch(() => undefined)
  if (old?.equals(contents)) return
  await mkdir(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.tmp`
  await writeFile(temporary, contents)
  await rename(temporary, file)
}

if (import.meta.main) {
  const names = process.argv.length > 2 ? process.argv.slice(2) : await listFunctions()
  await bundleVendor()
  for (const { name, bytes } of await Promise.all(names.map(name => bundleFunction(name)))) {
    process.stdout.write(`${name.padEnd(16)} ${(bytes / 1024).toFixed(0).padStart(5)} KiB\n`)
  }
}
