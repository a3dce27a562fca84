// Runs `scripts/<verb>.ts` on the project's own Node, installing from the lockfile first when needed.
// Dependency-free and plain JavaScript: it is the only file that the system's Node (>= 20) executes.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const node = join(root, 'node_modules', 'node', 'bin', 'node')
const stamp = join(root, 'node_modules', '.aiwfe-lock')
// Not in node_modules: `npm ci` deletes that first.
const lock = join(root, 'dist', 'install.lock')
const ownLock = `${lock}.${process.pid}`
const LOCK_LIMIT_MS = 15 * 60_000
const [verb, ...args] = process.argv.slice(2)

if (!isInstalled()) await install()
process.exitCode = await run(
  node,
  ['--disable-warning=ExperimentalWarning', join(root, 'scripts', `${verb}.ts`), ...args],
  {
    // The IPC channel tells the child when this process is gone, even by SIGKILL (it sees a disconnect).
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'), ...process.env },
  },
)

async function install() {
  await acquire()
  process.once('exit', release)
  // Another first run may have installed while this one waited.
  if (!isInstalled()) {
    process.stderr.write('installing packages from package-lock.json (once) …\n')
    // Said aloud, because the user's settings (NODE_ENV=production, omit, ignore-scripts) may say otherwise.
    const flags = ['--include=dev', '--ignore-scripts=false']
    const quiet = ['--no-fund', '--no-audit', '--loglevel=error']
    const status = await run('npm', ['ci', ...flags, ...quiet], { stdio: ['ignore', 2, 2] })
    if (status !== 0) fail('install failed: see the lines above, then run `npm ci` by hand', status)
    if (!existsSync(node)) fail(`install failed: it brought no ${node}`, 1)
    writeFileSync(stamp, digest())
  }
  process.off('exit', release)
  release()
}

function isInstalled() {
  return existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest()
}

function digest() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
}

// A folder with its owner's pid in it, moved into place whole: a folder that is not empty is never replaced.
async function acquire() {
  mkdirSync(ownLock, { recursive: true })
  writeFileSync(join(ownLock, 'pid'), String(process.pid))
  const begun = Date.now()
  for (let told = false; ; told = true) {
    try {
      return renameSync(ownLock, lock)
    } catch (error) {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    }
    const owner = ownerOf(lock)
    if (owner !== undefined && !isAlive(owner)) {
      removeStale(owner)
      continue
    }
    if (!told) process.stderr.write('waiting for another install of these packages …\n')
    if (Date.now() - begun > LOCK_LIMIT_MS) {
      rmSync(ownLock, { recursive: true, force: true })
      fail(`process ${owner} installs for too long: end it, or delete ${lock}`, 1)
    }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

// Moved away first: half removed, it could be taken by another, whose lock would then be removed.
function release() {
  renameSync(lock, ownLock)
  rmSync(ownLock, { recursive: true, force: true })
}

// Moved aside and looked at again: somebody else may have replaced it since.
function removeStale(owner) {
  const aside = `${lock}.stale.${process.pid}`
  try {
    renameSync(lock, aside)
    if (ownerOf(aside) === owner) rmSync(aside, { recursive: true, force: true })
    else renameSync(aside, lock)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}

function ownerOf(folder) {
  try {
    return Number(readFileSync(join(folder, 'pid'), 'utf8'))
  } catch {
    return undefined
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

// Resolves with the exit status as a shell tells it; signals go on to the child.
function run(command, args, options) {
  const child = spawn(command, args, { cwd: root, ...options })
  const forward = ['SIGINT', 'SIGTERM', 'SIGHUP'].map(signal => {
    const listener = () => child.kill(signal)
    process.on(signal, listener)
    return () => process.off(signal, listener)
  })
  return new Promise(resolve => {
    child.once('error', error => {
      process.stderr.write(`cannot run ${command}: ${error.message}\n`)
      resolve(127)
    })
    child.once('exit', (code, signal) => {
      resolve(code ?? { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal] ?? 1)
    })
  }).finally(() => {
    for (const stop of forward) stop()
  })
}

function fail(text, status) {
  process.stderr.write(`${text}\n`)
  process.exit(status)
}
