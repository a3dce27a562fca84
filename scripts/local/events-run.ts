/** Carries out one command of `npm run events`. */
import { toPrintable, withPrintable } from '../emulator/printable.ts'
import { EVENTS_USAGE, type EventsArguments, type EventsCommand } from './events-arguments.ts'
import { createEventsClient, type EventsClient, type ShownEvent } from './events-client.ts'
import { editByHand, toEdit } from './events-edit.ts'
import { toBranches, toContent, toFactLine, toList, toTree } from './events-screen.ts'

/** Where the output goes, and what ends `tail`. */
export interface EventsIo {
  readonly write: (text: string) => void
  readonly signal: AbortSignal
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** @throws EventsError for the user to read */
export async function runEvents(options: EventsArguments, io: EventsIo): Promise<void> {
  if (options.command === 'help') return io.write(EVENTS_USAGE)
  await COMMANDS[options.command](createEventsClient(options.stateDirectory), options, io)
}

type Command = (client: EventsClient, options: EventsArguments, io: EventsIo) => Promise<void>

const COMMANDS: Readonly<Record<Exclude<EventsCommand, 'help'>, Command>> = {
  async list(client, { filters, json }, { write }) {
    const page = await client.list(filters)
    write(json ? toLine(page) : toList(withPrintable(page)))
  },
  async show(client, { event, json }, { write }) {
    const shown = await client.show(event)
    if (json) return write(toLine(shown))
    const trees = new Map<number, string>()
    const told = withPrintable(shown)
    await addTrees(client, told, trees)
    write(`${toTree(told, trees)}\n\n${toContent(told)}\n`)
  },
  async tail(client, { filters, json }, { write, signal }) {
    const { type, broker } = filters
    for await (const fact of client.follow(signal)) {
      if (type !== undefined && fact.event.type !== type) continue
      if (broker !== undefined && !`/${fact.broker}`.endsWith(`/${broker}`)) continue
      write(json ? toLine(fact) : `${toFactLine(withPrintable(fact))}\n`)
    }
  },
  async resend(client, { event, json }, { write }) {
    const { seq } = await client.show(event)
    const sent = await client.resend({ seq })
    write(json ? toLine(sent) : `sent again as #${sent.seq}\n`)
  },
  async edit(client, options, { write, environment }) {
    const shown = await client.show(options.event)
    const edit = toEdit(options) ?? editByHand(shown, environment)
    if (!edit) return write('nothing was changed, and nothing sent\n')
    const sent = await client.resend({ seq: shown.seq, edit })
    write(options.json ? toLine(sent) : `sent as #${sent.seq} with id ${toPrintable(sent.id)}\n`)
  },
  async purge(client, { filters, json }, { write }) {
    const result = await client.purge(filters)
    write(json ? toLine(result) : `deleted ${result.deleted} events\n`)
  },
}

/** A path longer than this says no more. */
const MAX_TREES = 100

/** Those that came of an event, the deepest first, so that each tree can hold those below it. */
async function addTrees(
  client: EventsClient,
  event: ShownEvent,
  trees: Map<number, string>,
  seen: Set<number> = new Set([event.seq]),
): Promise<void> {
  for (const { seq } of event.children) {
    if (seen.has(seq) || seen.size >= MAX_TREES) continue
    seen.add(seq)
    const child = await client.show(`#${seq}`).catch(() => undefined)
    if (!child) continue
    await addTrees(client, child, trees, seen)
    trees.set(seq, toBranches(withPrintable(child), trees))
  }
}

const toLine = (value: unknown): string => `${JSON.stringify(value)}\n`
