/** `npm run events`: what happened to events, and once more if you like. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  EVENTS_USAGE,
  type EventsArguments,
  parseEventsArguments,
} from './local/events-arguments.ts'
import { EventsError } from './local/events-client.ts'
import { runEvents } from './local/events-run.ts'
import { onStop } from './local/on-stop.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const stopping = new AbortController()
onStop(() => stopping.abort())
// `| head` closes the pipe when it has enough.
process.stdout.on('error', () => process.exit())

try {
  await runEvents(readArguments(), {
    write: text => void process.stdout.write(text),
    signal: stopping.signal,
    environment: process.env,
  })
} catch (error) {
  if (!stopping.signal.aborted) {
    const isTold = error instanceof EventsError || !(error instanceof Error)
    process.stderr.write(`${isTold ? String(error).replace(/^EventsError: /, '') : error.stack}\n`)
    process.exitCode = 1
  }
}

function readArguments(): EventsArguments {
  try {
    return parseEventsArguments(process.argv.slice(2), ROOT)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${EVENTS_USAGE}`)
    process.exit(2)
  }
}
