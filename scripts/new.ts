/** `npm run new -- <name>`: a function folder, its contract, its Service, its Trigger and its test. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readEnv } from './local/env-file.ts'
import { createFunctionFiles } from './local/function-files.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const USAGE = 'usage: npm run new -- <name>     (lower case letters, digits and dashes)\n'

const [name, ...rest] = process.argv.slice(2)
if (name === undefined || name === '--help' || rest.length > 0) {
  process.stderr.write(USAGE)
  process.exit(name === '--help' ? 0 : 2)
}
if (!/^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$/.test(name)) {
  process.stderr.write(`"name" must be a DNS-1035 label, got ${JSON.stringify(name)}\n${USAGE}`)
  process.exit(2)
}

const files = Object.entries(createFunctionFiles(name))
const taken = files.find(([file]) => existsSync(join(ROOT, file)))
if (taken) {
  process.stderr.write(`${taken[0]} exists already: choose another name, nothing was written\n`)
  process.exit(1)
}
for (const [file, text] of files) {
  mkdirSync(dirname(join(ROOT, file)), { recursive: true })
  writeFileSync(join(ROOT, file), text)
  process.stdout.write(`  ${file}\n`)
}
// Long names break lines elsewhere than short ones do.
const written = files.map(([file]) => file)
spawnSync(join(ROOT, 'node_modules', '.bin', 'biome'), ['check', '--write', ...written], {
  cwd: ROOT,
})
process.stdout.write(`
npm run dev                                       runs it (a running one picks it up)
curl 'http://${name}.localhost:${runningPort()}/api/v1/${name}/hello?name=Ada'
npm test -- test/functions/${name}                tests it
`)

/** Where the platform on the default state folder runs or ran last; it keeps to 8080 when that is free. */
function runningPort(): string {
  const file = join(ROOT, '.aiwfe', 'env')
  const url = existsSync(file) ? readEnv(file).GATEWAY_URL : undefined
  return (url && URL.parse(url)?.port) || '8080'
}
