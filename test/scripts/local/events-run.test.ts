import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createApi } from '../../../scripts/emulator/api/api.ts'
import type { Serving } from '../../../scripts/emulator/serving/serving.ts'
import { writeEnv } from '../../../scripts/local/env-file.ts'
import { parseEventsArguments } from '../../../scripts/local/events-arguments.ts'
import { runEvents } from '../../../scripts/local/events-run.ts'
import { serveHandler } from '../emulator/api/serve-handler.ts'
import {
  answer,
  type Bench,
  type BenchOptions,
  bench,
  createTestLog,
  DEFAULT_BROKER,
  event,
  replyEvent,
  type Subscriber,
  trigger,
  until,
} from '../emulator/eventing/fixture.ts'
import { posting } from '../emulator/eventing/posting.ts'

interface Cli extends Bench {
  stateDirectory: string
  /** Runs a command and gives what it wrote. */
  run(args: string[], environment?: Record<string, string>): Promise<string>
}

/** A broker behind its API, found through a state folder. */
async function opened(
  options: BenchOptions = {},
  subscribers: Record<string, Subscriber> = {},
): Promise<Cli> {
  const base = await bench(options, subscribers)
  const nothing = (): (() => void) => () => {}
  const serving = { status: () => [], onScale: nothing, onRequest: nothing } as unknown as Serving
  const { clock, eventing } = base
  const api = createApi({ clock, log: createTestLog().log, serving, eventing })
  const port = await serveHandler(api)
  const stateDirectory = folder()
  writeEnv(join(stateDirectory, 'env'), { GATEWAY_URL: `http://127.0.0.1:${port}` })
  const signal = new AbortController().signal
  return Object.assign(base, {
    stateDirectory,
    async run(args: string[], environment: Record<string, string> = {}) {
      let text = ''
      const write = (part: string): void => {
        text += part
      }
      const parsed = parseEventsArguments([...args, '--state-dir', stateDirectory], '/')
      await runEvents(parsed, { write, signal, environment })
      return text
    },
  })
}

function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'aiwfe-events-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const ASKED: BenchOptions = {
  triggers: [
    trigger('ask', { filter: { type: 'q' } }),
    trigger('hear', { filter: { type: 'a' } }),
    trigger('never', { filter: { type: 'q', subject: 'x' } }),
  ],
}

test('list shows the latest first, with who got what, and how to see older ones', async () => {
  const { eventing, run } = await opened(ASKED)
  await eventing.publish(DEFAULT_BROKER, event({ id: 'one', type: 'q' }))
  await eventing.publish(DEFAULT_BROKER, event({ id: 'two', type: 'lost' }))
  await eventing.idle()
  const lines = (await run(['list'])).split('\n')
  expect(lines[0]).toMatch(
    /^#2 {2}00:00:00\.\d+ {2}filtered {3}lost {2}two {2}no trigger matched; the nearest is app\/ask/,
  )
  expect(lines[1]).toMatch(/^#1 {2}00:00:00\.\d+ {2}delivered {2}q {5}one {2}app\/ask 202$/)
  expect(await run(['list', '--limit', '1'])).toContain('npm run events -- list --before 2\n')
  expect(await run(['list', '--type', 'q', '--state', 'delivered'])).not.toContain('two')
  expect(await run(['list', '--broker', 'default', '--json'])).toContain('"seq":2')
  expect(await run(['list', '--broker', 'fault'])).toBe('no events\n')
})

test('show draws the path: tries, answers and what became of them, who did not want it and why', async () => {
  const { eventing, run } = await opened(ASKED, {
    ask: () => ({ ...replyEvent('r1', 'a', 'hm'), revision: 'ask-00001' }),
  })
  await eventing.publish(
    DEFAULT_BROKER,
    event({ id: 'e1', type: 'q', datacontenttype: 'application/json' }, '{"a":1}'),
  )
  await eventing.idle()
  const text = (await run(['show', 'e1'])).replace(/in \d+ ms/g, 'in 0 ms').replace(/ +$/gm, '')
  expect(text).toContain(
    [
      '#1 q  e1',
      '  from /test to app/default, 2026-01-01T00:00:00.000Z, 7 bytes',
      '  delivered after 0 ms',
      '  ├ app/ask  delivered',
      '  │   00:00:00.000  200 in 0 ms  ask-00001',
      '  │   answered with #2 a r1',
      '  │     delivered after 0 ms',
      '  │     ├ app/hear  delivered',
      '  │     │   00:00:00.000  202 in 0 ms  http://hear.test/',
    ].join('\n'),
  )
  expect(text).toContain('  └ app/never  did not want it: subject wanted x, got nothing\n')
  expect(text).toContain('  data\n    {\n      "a": 1\n    }')
  expect(await run(['show', '2'])).toContain(
    [
      '#2 a  r1',
      '  from /reply to app/default, 2026-01-01T00:00:00.000Z, 2 bytes',
      '  came of #1 q e1, the answer of app/ask',
      '  delivered after 0 ms',
    ].join('\n'),
  )
  expect(JSON.parse(await run(['show', '2', '--json']))).toMatchObject({
    causes: [{ seq: 1, trigger: 'app/ask', how: 'reply' }],
  })
})

test('show names a body that is no CloudEvent as the cause', async () => {
  const { eventing, run } = await opened(
    { triggers: [trigger('chatty', { delivery: {} })] },
    { chatty: () => answer(200, 'OK') },
  )
  await eventing.publish(DEFAULT_BROKER, event())
  await eventing.idle()
  expect(await run(['show', 'e1'])).toContain(
    '502 answered 200 with a body that is not a CloudEvent',
  )
})

test('resend takes the same event in again; edit makes another of it', async () => {
  const { eventing, run, requests } = await opened(ASKED)
  await eventing.publish(DEFAULT_BROKER, event({ type: 'q', subject: 's' }, '{"a":1}'))
  await eventing.idle()
  expect(await run(['resend', 'e1'])).toBe('sent again as #2\n')
  expect(
    await run(['edit', '1', '--set', 'type=a', '--set', 'subject=', '--data', '{"b":2}']),
  ).toMatch(/^sent as #3 with id [0-9a-f-]{36}\n$/)
  await eventing.idle()
  expect(requests.map(({ url }) => new URL(url).hostname)).toEqual([
    'ask.test',
    'ask.test',
    'hear.test',
  ])
  expect(requests[1]?.headers).toMatchObject({ 'ce-id': 'e1', 'ce-subject': 's' })
  expect(requests[2]?.headers).not.toHaveProperty('ce-subject')
  expect(Buffer.from(requests[2]?.body ?? []).toString()).toBe('{"b":2}')
  expect(eventing.eventAt(3)).toMatchObject({
    cause: { seq: 1, how: 'resend' },
    attributes: { knativebrokerttl: 255 },
  })
})

test('edit opens the editor on the JSON event, and sends only what was changed', async () => {
  const { eventing, run } = await opened(ASKED)
  await eventing.publish(DEFAULT_BROKER, event({ type: 'q' }, '{"a":1}'))
  await eventing.idle()
  const script = join(folder(), 'editor.cjs')
  writeFileSync(
    script,
    `const { readFileSync, writeFileSync } = require('node:fs')
const file = process.argv.at(-1)
const event = JSON.parse(readFileSync(file, 'utf8'))
if (Object.keys(event).some(name => name.startsWith('knative'))) process.exit(3)
writeFileSync(file, JSON.stringify({ ...event, type: 'a', data: { a: 2 } }))`,
  )
  const EDITOR = `${process.execPath} ${script}`
  expect(await run(['edit', 'e1'], { EDITOR })).toMatch(/^sent as #2/)
  expect(Buffer.from(eventing.eventAt(2)?.data ?? []).toString()).toBe('{"a":2}')
  expect(await run(['edit', 'e1'], { EDITOR: 'true' })).toBe(
    'nothing was changed, and nothing sent\n',
  )
  await expect(run(['edit', 'e1'], { EDITOR: 'false' })).rejects.toThrow(
    '"false" ended with 1: nothing was sent',
  )
})

test('purge deletes what has ended, and nothing that is unfinished', async () => {
  const { eventing, run, settle } = await opened(
    {
      triggers: [
        trigger('bad', {
          filter: { type: 'stuck' },
          delivery: { retry: 9, backoffPolicy: 'exponential', backoffDelayMs: 60_000 },
        }),
      ],
    },
    { bad: () => answer(503) },
  )
  for (const id of ['a', 'b', 'c']) await eventing.publish(DEFAULT_BROKER, event({ id }))
  await eventing.publish(DEFAULT_BROKER, event({ id: 'd', type: 'stuck' }))
  await settle()
  expect(await run(['purge', '--before', '2'])).toBe('deleted 1 events\n')
  expect(await run(['purge', '--state', 'delivered'])).toBe('deleted 0 events\n')
  expect(await run(['purge'])).toBe('deleted 2 events\n')
  expect(eventing.events({ limit: 9 }).map(({ attributes }) => attributes.id)).toEqual(['d'])
})

test('tail tells each step until it is stopped', async () => {
  const test = await opened(ASKED)
  const stop = new AbortController()
  let text = ''
  const options = parseEventsArguments(
    ['tail', '--type', 'q', '--state-dir', test.stateDirectory],
    '/',
  )
  const write = (part: string): void => {
    text += part
  }
  const tail = runEvents(options, { write, signal: stop.signal, environment: {} })
  // Events are published until the reader is there.
  let n = 0
  await until(() => {
    n += 1
    void test.eventing.publish(DEFAULT_BROKER, event({ id: `n${n}`, type: n % 2 ? 'q' : 'a' }))
    return text.includes('delivered')
  })
  stop.abort()
  await tail
  expect(text).toMatch(/accepted {6}#\d+ q n\d+\n/)
  expect(text).toMatch(/delivered {5}#\d+ q n\d+ {2}→ app\/ask {2}202 in \d+ ms\n/)
  expect(text).not.toContain(' a n')
})

test('an event that is not there, and an emulator that is not, are told', async () => {
  const { run, stateDirectory } = await opened()
  await expect(run(['show', 'nope'])).rejects.toThrow('no such event')
  await expect(run(['resend', '77'])).rejects.toThrow('no such event')
  const none = folder()
  const io = { write: () => {}, signal: new AbortController().signal, environment: {} }
  const told = `no emulator runs on ${none}: start one with npm start, or name its folder with --state-dir`
  const list = parseEventsArguments(['list', '--state-dir', none], '/')
  await expect(runEvents(list, io)).rejects.toThrow(told)
  writeEnv(join(none, 'env'), { GATEWAY_URL: 'http://127.0.0.1:1' })
  await expect(runEvents(list, io)).rejects.toThrow(told)
  expect(stateDirectory).not.toBe(none)
})

test.each([
  [['dance'], 'the command must be one of list, show, tail, resend, edit, purge, got "dance"'],
  [['show'], 'show needs the id or the number of an event: see npm run events -- list'],
  [['list', 'e1'], 'list takes no "e1"'],
  [['purge', '--type', 'q'], 'purge takes --state, --before, not --type'],
  [['tail', '--state', 'failed'], 'tail takes --type, --broker, not --state'],
  [['resend', 'e1', '--set', 'a=b'], 'resend takes no option of its own, not --set'],
  [['edit', 'e1', '--set', 'x'], '"--set" must be name=value, got "x"'],
])('%j is refused', (args, message) => {
  expect(() => parseEventsArguments(args, '/')).toThrow(message)
})

test('a refused event without an id is shown without one', async () => {
  const cli = await opened()
  const { post } = await posting(cli)
  expect(await post('/app/default', { 'ce-id': '' })).toMatchObject({ status: 400 })
  expect(await cli.run(['show', '#1'])).toMatch(/^#1 t {2}\n {2}from \/s to app\/default/)
})

test('what stands in an event does not reach the terminal as a command', async () => {
  const { eventing, run } = await opened({ triggers: [trigger('ask')] })
  const id = 'x\u001b[2J\ny'
  const { seq } = await eventing.publish(
    DEFAULT_BROKER,
    event({ id, type: '\u009b31m', note: '\u0007' }, '{"a":"\u007f"}'),
  )
  await eventing.idle()
  const texts = await Promise.all([run(['list']), run(['show', `#${seq}`])])
  for (const text of texts) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
    expect(text).toContain('x\\x1b[2J\\x0ay')
  }
  expect(JSON.parse(await run(['show', '--json', `#${seq}`]))).toMatchObject({
    attributes: { id },
  })
})
