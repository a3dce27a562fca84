/** `npm run check`: the fast gate. Types, lint, format, import arrows and cycles, bundle budgets; under a minute. */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkBundles } from './local/bundle-budget.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = (name: string): string => join(ROOT, 'node_modules', '.bin', name)

/** Each answers with what is wrong, or with nothing. */
const gates: Record<string, () => Promise<string>> = {
  'types (tsc)': () => output(bin('tsc'), []),
  'lint, format, imports (biome)': () =>
    output(bin('biome'), ['ci', '--colors=off', '--error-on-warnings', '--max-diagnostics=50']),
  'bundle budgets': checkBundles,
}

let failed = 0
for (const [name, gate] of Object.entries(gates)) {
  const begun = performance.now()
  const problems = await gate()
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  process.stdout.write(`${problems === '' ? 'ok  ' : 'FAIL'} ${name.padEnd(32)} ${seconds} s\n`)
  if (problems !== '') {
    failed += 1
    process.stdout.write(`${problems}\n`)
  }
}
process.exitCode = failed === 0 ? 0 : 1

function output(command: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    child.stdout.on('data', chunk => {
      text += chunk
    })
    child.stderr.on('data', chunk => {
      text += chunk
    })
    child.on('error', reject)
    child.on('close', code => resolve(code === 0 ? '' : text || `exit code ${code}`))
  })
}
