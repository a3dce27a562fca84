/** `npm run dev:exec -- <command>`: a command with the environment of the platform that runs. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ExecError, readPlatformEnvironment, runCommand } from './local/exec.ts'
import { EXEC_USAGE, type ExecArguments, parseExecArguments } from './local/exec-arguments.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const options = readArguments()
if (options.help) process.stdout.write(EXEC_USAGE)
else process.exit(await run())

async function run(): Promise<number> {
  try {
    const own = await readPlatformEnvironment(options)
    return await runCommand(options.command, { ...process.env, ...own })
  } catch (error) {
    if (!(error instanceof ExecError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

function readArguments(): ExecArguments {
  try {
    return parseExecArguments(process.argv.slice(2), ROOT)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${EXEC_USAGE}`)
    process.exit(2)
  }
}
