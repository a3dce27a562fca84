/** `npm run bench -- <name> [--json] [--quick]`: measures beside a peer or a floor in the same run; 1 when out of budget. */
import { machine } from '../test/bench/machine.ts'
import type { BenchContext, BenchRow } from '../test/bench/rows.ts'
import { toText } from '../test/bench/rows.ts'
import { onStop } from './local/on-stop.ts'

/** Each bench lives in `test/bench/<name>.ts` and answers with its rows. */
const BENCHES: Record<
  string,
  () => Promise<{ run: (context: BenchContext) => Promise<BenchRow[]> }>
> = {
  coldstart: () => import('../test/bench/coldstart.ts'),
  broker: () => import('../test/bench/broker.ts'),
  gateway: () => import('../test/bench/gateway.ts'),
  'coldstart-e2e': () => import('../test/bench/coldstart-e2e.ts'),
  scale: () => import('../test/bench/scale.ts'),
}

const [name, ...flags] = process.argv.slice(2)
const bench = name === undefined ? undefined : BENCHES[name]
if (!bench) {
  process.stderr.write(
    `usage: npm run bench -- <name> [--json] [--quick]\nbenches: ${Object.keys(BENCHES).join(', ')}\n`,
  )
  process.exit(2)
}
const stopping = new AbortController()
const { run } = await bench()
const measuring = run({
  note: line => void process.stderr.write(`${line}\n`),
  signal: stopping.signal,
  quick: flags.includes('--quick'),
})
onStop(async () => {
  stopping.abort()
  // It closes what it started, then says that it was stopped.
  await measuring.catch(() => {})
})
const rows = await measuring.catch((error: unknown) => {
  if (stopping.signal.aborted) return undefined
  throw error
})
if (rows) report(rows)

function report(rows: BenchRow[]): never {
  const result = { bench: name, machine: machine(), rows }
  const text = flags.includes('--json') ? JSON.stringify(result) : toText(rows)
  process.stdout.write(`${text}\n`)
  const over = rows.filter(({ within }) => within === 'no')
  for (const row of over) {
    process.stderr.write(`${row.name} is out of its budget: ${row.budget}\n`)
  }
  process.exit(over.length === 0 ? 0 : 1)
}
