/** Bundles functions: one minified CommonJS file each, because that starts in half the time of an ES module. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { collectMigrations } from './migrations-catalogue.ts'

/** A built function. */
export interface Bundle {
  name: string
  /** What `node` is started with. A changed build is another file, so that an old revision keeps its own. */
  file: string
  /** Digest of its code, as an image would have one. */
  digest: string
  /** Size of its own code; the packages of `vendor/` load later. */
  bytes: number
  /** Every module in it, as a path from the project's root. */
  inputs: string[]
}

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** The default place of bundles, left out of git. */
export const DIST: string = join(ROOT, 'dist', 'functions')

/** Builds of one function that stay on disk. */
const KEPT_BUILDS = 20

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
 * Our own, but seldom asked for: within a bundle, a module that is loaded late makes esbuild wrap all that it imports,
 * and that is every schema.
 */
const OPENAPI = './shared/openapi.ts'

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
  metafile: true,
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
  const { outputFiles = [], metafile } = await build({
    ...COMMON,
    stdin: {
      contents: `import definition from './functions/${name}/index.ts'
import { serve } from './shared/serve.ts'
serve(definition)`,
      resolveDir: ROOT,
      loader: 'ts',
      sourcefile: `${name}.ts`,
    },
    outfile: join(directory, `${name}.cjs`),
    plugins: [externalVendor],
    define: { ...COMMON.define, ...(await embedded(name)) },
  })
  const code = outputFiles[0]?.contents ?? new Uint8Array()
  const digest = createHash('sha256').update(code).digest('hex').slice(0, 12)
  const file = fileOf(name, digest, directory)
  await writeWhole(file.replace(/\.cjs$/, '.main.cjs'), code)
  await writeWhole(file, Buffer.from(ENTRY.replace('NAME', `${name}-${digest}`)))
  await writeWhole(
    join(directory, `${name}.cjs`),
    Buffer.from(`require('./${name}-${digest}.cjs')\n`),
  )
  await prune(name, directory)
  return { name, file, digest, bytes: code.byteLength, inputs: Object.keys(metafile?.inputs ?? {}) }
}

/** Where the bundle of `name` with `digest` lies; `<name>.cjs` beside it leads to the newest. */
export const fileOf = (name: string, digest: string, directory: string = DIST): string =>
  join(directory, `${name}-${digest}.cjs`)

/** Bundles what all functions share and load late. */
export async function bundleVendor(directory: string = DIST): Promise<void> {
  await Promise.all(
    [...VENDOR, OPENAPI].map(async name => {
      const stdin = { contents: `module.exports = require('${name}')`, resolveDir: ROOT }
      const outfile = join(directory, vendorFile(name))
      const { outputFiles = [] } = await build({ ...COMMON, stdin, outfile })
      for (const { path, contents } of outputFiles) await writeWhole(path, contents)
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
    onResolve({ filter: /\/openapi\.ts$/ }, () => ({ path: vendorFile(OPENAPI), external: true }))
  },
}

const vendorFile = (name: string): string =>
  `./vendor/${name.replaceAll(/^\.\/shared\/|\.ts$/g, '').replaceAll('/', '-')}.cjs`

/** Keeps the newest builds of a function; a revision that old has long been replaced. */
async function prune(name: string, directory: string): Promise<void> {
  const pattern = new RegExp(`^${name}-[0-9a-f]{12}\\.cjs$`)
  const files = (await readdir(directory)).filter(file => pattern.test(file))
  const dated = await Promise.all(
    files.map(async file => ({ file, at: (await stat(join(directory, file))).mtimeMs })),
  )
  for (const { file } of dated.sort((a, b) => b.at - a.at).slice(KEPT_BUILDS)) {
    await rm(join(directory, file), { force: true })
    await rm(join(directory, file.replace(/\.cjs$/, '.main.cjs')), { force: true })
  }
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
