/** `npm run conformance`: tries the rules of Knative on the emulator, or on a cluster when one is named. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadRules } from '../test/conformance/load.ts'
import { toParityTable, withParityTable } from '../test/conformance/parity.ts'
import { runRules } from '../test/conformance/run.ts'
import { openTarget } from '../test/conformance/target/open.ts'
import { parseArguments, selectRules, USAGE } from './local/conformance-arguments.ts'
import { toJson, toLine, toList, toSummary } from './local/conformance-report.ts'
import { onStop } from './local/on-stop.ts'

/** How long closing may take after all is told. */
const CLOSE_LIMIT_MS = 15_000
const README = fileURLToPath(new URL('../README.md', import.meta.url))

const options = readArguments()
if (options.help) print(USAGE)
else if (options.writeReadme) {
  const table = toParityTable(await loadRules())
  writeFileSync(README, withParityTable(readFileSync(README, 'utf8'), table))
} else if (options.list) print(toList(selectRules(await loadRules(), options.only)))
else await run()

async function run(): Promise<void> {
  const rules = await loadRules()
  const selected = selectRules(rules, options.only)
  if (selected.length === 0)
    fail(`no rule is named ${options.only}: see npm run conformance -- --list`)
  const target = await openTarget(process.env).catch((error: Error) => fail(error.message))
  onStop(target.close)
  const begun = performance.now()
  const outcomes = await runRules(selected, target, outcome => {
    if (!options.json) print(toLine(outcome))
  })
  const ms = performance.now() - begun
  print(options.json ? toJson(outcomes, target, ms) : toSummary(outcomes, target, ms))
  if (!options.json && selected.length === rules.length) print(toParityTable(rules))
  // What a broken rule left hanging must not keep us.
  await Promise.race([target.close(), new Promise(resolve => setTimeout(resolve, CLOSE_LIMIT_MS))])
  process.exit(outcomes.some(({ result }) => result === 'failed') ? 1 : 0)
}

function readArguments(): ReturnType<typeof parseArguments> {
  try {
    return parseArguments(process.argv.slice(2))
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function fail(text: string): never {
  process.stderr.write(`${text}\n`)
  process.exit(2)
}
