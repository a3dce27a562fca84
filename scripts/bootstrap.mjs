// Runs `scripts/<verb>.ts` on the project's own Node, installing from the lockfile first when needed.
// Dependency-free and plain JavaScript: it is the only file that the system's Node (>= 20) executes.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const node = join(root, 'node_modules', 'node', 'bin', 'node')
const stamp = join(root, 'node_modules', '.aiwfe-lock')
const [verb, ...args] = process.argv.slice(2)

install()
run()

function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  process.stderr.write('installing packages from package-lock.json (once) …\n')
  const result = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (result.status !== 0 || !existsSync(node)) {
    process.stderr.write('install failed: see the lines above, then run `npm ci` by hand\n')
    process.exit(1)
  }
  writeFileSync(stamp, lock)
}

function run() {
  // The IPC channel tells the child when this process is gone, even by SIGKILL (it sees a disconnect).
  const child = spawn(
    node,
    ['--disable-warning=ExperimentalWarning', join(root, 'scripts', `${verb}.ts`), ...args],
    {
      cwd: root,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'), ...process.env },
    },
  )
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 1)
  })
}
