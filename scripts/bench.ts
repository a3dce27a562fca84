/** `npm run bench -- <name> [--json]`: measures beside a peer or a floor in the same run. */
import { machine } from '../test/bench/machine.ts'
import type { BenchRow } from '../test/bench/rows.ts'
import { toText } from '../test/bench/rows.ts'

/** Each bench lives in `test/bench/<name>.ts` and answers with its rows. */
const BENCHES: Record<string, () => Promise<{ run: (note: Note) => Promise<BenchRow[]> }>> = {
  coldstart: () => import('../test/bench/coldstart.ts'),
  broker: () => import('../test/bench/broker.ts'),
  gateway: () => import('../test/bench/gateway.ts'),
}

type Note = (line: string) => void

const [name, ...flags] = process.argv.slice(2)
const bench = name === undefined ? undefined : BENCHES[name]
if (!bench) {
  process.stderr.write(
    `usage: npm run bench -- <name> [--json]\nbenches: ${Object.keys(BENCHES).join(', ')}\n`,
  )
  process.exit(2)
}
const json = flags.includes('--json')
const note: Note = line => void process.stderr.write(`${line}\n`)
const { run } = await bench()
const result = { bench: name, machine: machine(), rows: await run(note) }
process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${toText(result.rows)}\n`)
process.exit(0)
