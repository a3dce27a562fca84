/** `npm run soak -- [--minutes 10] [--seed n] [--json]`: load while everything is killed; 1 when anything is lost. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { machine } from '../test/bench/machine.ts'
import { type SoakReport, toFailures, toText } from '../test/soak/report.ts'
import { soak } from '../test/soak/soak.ts'
import { onStop } from './local/on-stop.ts'

const USAGE = 'usage: npm run soak -- [--minutes 10] [--seed n] [--json]\n'
const MAX_SEED = 2 ** 32

const { minutes, seed, json } = readArguments()
const stopping = new AbortController()
const soaking = soak({
  seconds: minutes * 60,
  seed,
  note: line => void process.stderr.write(`${line}\n`),
  signal: stopping.signal,
})
onStop(async () => {
  stopping.abort()
  // It closes what it started, then says that it was stopped.
  await soaking.catch(() => {})
})
const report = await soaking.catch((error: unknown) => {
  if (stopping.signal.aborted) return undefined
  throw error
})
if (report) tell(report)

function tell(report: SoakReport): never {
  const failures = toFailures(report)
  const text = json ? JSON.stringify({ machine: machine(), ...report, failures }) : toText(report)
  process.stdout.write(`${text}\n`)
  for (const failure of failures) process.stderr.write(`soak: ${failure}\n`)
  for (const evidence of report.evidence) process.stderr.write(`${JSON.stringify(evidence)}\n`)
  process.exit(failures.length === 0 ? 0 : 1)
}

function readArguments(): { minutes: number; seed: number; json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const minutes = Number(values.minutes)
    const seed = values.seed === undefined ? randomInt(MAX_SEED) : Number(values.seed)
    if (!(minutes > 0 && minutes <= 24 * 60)) {
      throw new TypeError(
        `"--minutes" must be more than 0 and at most a day, got ${values.minutes}`,
      )
    }
    if (!Number.isInteger(seed) || seed < 0 || seed >= MAX_SEED) {
      throw new TypeError(`"--seed" must be a whole number below 2^32, got ${values.seed}`)
    }
    return { minutes, seed, json: values.json }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}`)
    process.exit(2)
  }
}
