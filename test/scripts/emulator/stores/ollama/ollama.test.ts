/** What only the emulated Ollama promises: it says what it is, and answers from the text it is given. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ollama } from 'ollama'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  answers,
  type EmbeddedOllama,
  startOllama,
  toUrl,
} from '../../../../../scripts/emulator/stores/ollama/ollama.ts'

const model = 'emulator/extractive'
let directory = ''
let service: EmbeddedOllama
let ollama: Ollama

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aiwfe-ollama-'))
  await start()
})
afterEach(async () => {
  await service.close()
  await rm(directory, { recursive: true, force: true })
})

async function start(options: { parallel?: number; tokenMs?: number } = {}): Promise<void> {
  service = await startOllama({ directory, ...options })
  ollama = new Ollama({ host: service.url })
}

async function chat(...messages: [role: string, content: string][]): Promise<string> {
  const reply = await ollama.chat({
    model,
    messages: messages.map(([role, content]) => ({ role, content })),
  })
  return reply.message.content
}

it('says that it is an emulator in every model, also in one that was pulled under another name', async () => {
  const steps = []
  for await (const step of await ollama.pull({ model: 'llama3.2', stream: true }))
    steps.push(step.status)
  expect([steps[0], steps.at(-1)]).toEqual(['pulling manifest', 'success'])
  await ollama.copy({ source: 'llama3.2', destination: 'mine' })
  const { models } = await ollama.list()
  expect(models.map(({ name }) => name)).toEqual([
    'emulator/extractive:latest',
    'emulator/hashed-768:latest',
    'llama3.2:latest',
    'mine:latest',
  ])
  expect(
    models.every(({ details }) => details.family === 'emulator' && details.format === 'emulator'),
  ).toBe(true)
  expect((await ollama.version()).version).toContain('emulator')
})

it('keeps pulled names across a restart and forgets deleted ones', async () => {
  await ollama.pull({ model: 'nomic-embed-text' })
  await ollama.pull({ model: 'gone' })
  await ollama.delete({ model: 'gone' })
  await service.close()
  await start()
  expect(
    (await ollama.embed({ model: 'Nomic-Embed-Text:latest', input: 'x' })).embeddings[0],
  ).toHaveLength(768)
  await expect(ollama.show({ model: 'gone' })).rejects.toMatchObject({ status_code: 404 })
})

it('answers a question with the fact that was told, in its words', async () => {
  const memories =
    'You are a helpful assistant. Use these memories when they help:\n- My dog is called Rex.\n- I live in Lisbon.\n- I work as a nurse at night.'
  expect(await chat(['system', memories], ['user', 'Where do I live?'])).toBe('I live in Lisbon.')
  expect(await chat(['system', memories], ['user', "What is my dog's name?"])).toBe(
    'My dog is called Rex.',
  )
  expect(
    await chat(
      ['user', 'My favourite colour is teal.'],
      ['assistant', 'Good.'],
      ['user', 'What is my favourite colour?'],
    ),
  ).toBe('My favourite colour is teal.')
  expect(
    await chat([
      'user',
      'Context: Revenue was 12 million in 2024. Costs fell.\nQuestion: How much was revenue?',
    ]),
  ).toBe('Revenue was 12 million in 2024.')
})

it('names what it has no text for, and invents nothing', async () => {
  expect(await chat(['user', 'What is the capital of France?'])).toBe(
    'No text given about “capital of France”.',
  )
  expect(await chat(['user', 'I love hiking.'])).toBe('“I love hiking.”')
})

it('takes facts that people tell about themselves into a list', async () => {
  const { message } = await ollama.chat({
    model,
    format: {
      type: 'object',
      properties: {
        facts: {
          type: 'array',
          items: {
            type: 'object',
            properties: { text: { type: 'string' }, kind: { enum: ['fact', 'preference'] } },
            required: ['text', 'kind'],
          },
        },
      },
      required: ['facts'],
    },
    messages: [
      { role: 'system', content: 'Extract facts about the user.' },
      {
        role: 'user',
        content:
          'user: My name is Ada. What time is it? I am allergic to nuts.\nassistant: I noted that.',
      },
    ],
  })
  const { facts } = JSON.parse(message.content) as { facts: { text: string; kind: string }[] }
  expect(facts.map(({ text }) => text)).toEqual(['My name is Ada.', 'I am allergic to nuts.'])
  expect(facts.every(({ kind }) => ['fact', 'preference'].includes(kind))).toBe(true)
})

it('keeps to every limit of a schema', async () => {
  const { response } = await ollama.generate({
    model,
    prompt: 'Contact ada@example.org by 2026-03-04, ticket AB-1234, weight 250.',
    format: {
      type: 'object',
      $defs: { id: { type: 'string', pattern: '^[A-Z]{2}-\\d{4}$' } },
      properties: {
        email: { type: 'string', format: 'email' },
        due: { type: 'string', format: 'date' },
        ticket: { $ref: '#/$defs/id' },
        weight: { type: 'integer', minimum: 1, maximum: 100 },
        short: { type: 'string', maxLength: 5 },
        version: { const: 2 },
        maybe: { anyOf: [{ type: 'null' }, { type: 'boolean' }] },
        pair: {
          type: 'array',
          items: { type: 'number', exclusiveMinimum: 0 },
          minItems: 2,
          maxItems: 2,
        },
      },
      required: ['email', 'due', 'ticket', 'weight', 'short', 'version', 'maybe', 'pair'],
    },
  })
  const value = JSON.parse(response ?? '') as Record<string, unknown>
  expect(value).toMatchObject({
    email: 'ada@example.org',
    due: '2026-03-04',
    ticket: 'AB-1234',
    weight: 100,
    version: 2,
  })
  expect(String(value.short).length).toBeLessThanOrEqual(5)
  expect(typeof value.maybe).toBe('boolean')
  expect(value.pair).toHaveLength(2)
  expect((value.pair as number[]).every(item => item > 0)).toBe(true)
})

it('brings texts that share words close, and others not', async () => {
  const { embeddings } = await ollama.embed({
    model: 'emulator/hashed-768',
    input: ['where do I live?', 'I live in Lisbon', 'the pod crashed twice'],
  })
  const cosine = (a: number[], b: number[]): number =>
    a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)
  const [question = [], fact = [], other = []] = embeddings
  expect(cosine(question, fact)).toBeGreaterThan(0.4)
  expect(Math.abs(cosine(question, other))).toBeLessThan(0.2)
  const short = await ollama.embed({
    model: 'emulator/hashed-768',
    input: 'I live in Lisbon',
    dimensions: 64,
  })
  expect(short.embeddings[0]).toHaveLength(64)
  expect(Math.hypot(...(short.embeddings[0] ?? []))).toBeCloseTo(1, 4)
})

it('leaves out the oldest messages when the context is full, or refuses when told to', async () => {
  const long = 'The old fact is that my cat is called Tom. '.repeat(40)
  const messages = [
    { role: 'user', content: long },
    { role: 'user', content: 'What is my cat called?' },
  ]
  const cut = await ollama.chat({ model, messages, options: { num_ctx: 64 } })
  expect(cut.message.content).toContain('No text given about')
  expect(cut.prompt_eval_count).toBeLessThanOrEqual(64)
  const response = await fetch(`${service.url}/api/chat`, {
    method: 'POST',
    body: JSON.stringify({ model, messages, truncate: false, options: { num_ctx: 64 } }),
  })
  expect([response.status, await response.json()]).toEqual([
    400,
    { error: 'the input length exceeds the context length' },
  ])
})

it('runs as many requests of a model at once as it was told, and frees the place of a client that left', async () => {
  await service.close()
  await start({ parallel: 1, tokenMs: 30 })
  const slow = await ollama.chat({
    model,
    messages: [
      { role: 'user', content: 'one two three four five six seven eight nine ten eleven twelve.' },
    ],
    stream: true,
  })
  const iterator = slow[Symbol.asyncIterator]()
  await iterator.next()
  let answered = false
  const second = ollama
    .chat({ model, messages: [{ role: 'user', content: 'next.' }] })
    .then(reply => {
      answered = true
      return reply
    })
  await iterator.next()
  expect(answered).toBe(false)
  slow.abort()
  expect((await second).done).toBe(true)
})

it('refuses a Host that is not loopback, as Ollama on loopback does', async () => {
  const { request } = await import('node:http')
  const status = await new Promise(resolve => {
    request(service.url, { headers: { host: 'evil.example' } }, response =>
      resolve(response.statusCode),
    ).end()
  })
  expect(status).toBe(403)
})

it('tells whether an Ollama answers, and reads OLLAMA_HOST as Ollama does', async () => {
  expect(await answers(service.url)).toBe(true)
  expect(await answers('127.0.0.1:1')).toBe(false)
  expect(['myhost', '1.2.3.4:5', 'https://ollama.example', 'http://a:80/base/'].map(toUrl)).toEqual(
    ['http://myhost:11434', 'http://1.2.3.4:5', 'https://ollama.example', 'http://a/base'],
  )
})
