/** What every model service must do for the unmodified `ollama` client, whatever its models say. */
import { Ollama } from 'ollama'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { skipReason, type Target } from './target.ts'

/** How to reach an Ollama, and two of its models. */
export interface ModelsAccess {
  host: string
  chat: string
  embedding: string
}

/** Runs the suite against `target`. */
export function modelsContract(target: Target<ModelsAccess>): void {
  describe(`models: ${target.name}`, () => {
    let access: ModelsAccess
    let close: () => Promise<void> = async () => {}
    let ollama: Ollama
    const post = async (
      path: string,
      body: unknown,
    ): Promise<{ status: number; type: string; body: unknown }> => {
      const response = await fetch(access.host + path, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      const text = await response.text()
      const type = response.headers.get('content-type') ?? ''
      return {
        status: response.status,
        type,
        body: type.includes('json') ? JSON.parse(text) : text,
      }
    }
    const test = (name: string, run: () => Promise<void>): void => {
      const reason = skipReason(target, name)
      if (reason) it.skip(`${name} (${reason})`)
      else it(name, run)
    }

    beforeAll(async () => {
      ;({ access, close } = await target.open())
      ollama = new Ollama({ host: access.host })
    })
    afterAll(() => close())

    test('streams a chat as lines that end with its counts', async () => {
      let text = ''
      const parts = []
      for await (const part of await ollama.chat({
        model: access.chat,
        messages: [{ role: 'user', content: 'Say hello.' }],
        stream: true,
      })) {
        parts.push(part)
        text += part.message.content
      }
      const last = parts.at(-1)
      expect(text.length).toBeGreaterThan(0)
      expect(
        parts.slice(0, -1).every(part => part.done === false && part.message.role === 'assistant'),
      ).toBe(true)
      expect(last).toMatchObject({ model: access.chat, done: true, done_reason: 'stop' })
      for (const count of [
        'total_duration',
        'load_duration',
        'prompt_eval_count',
        'prompt_eval_duration',
        'eval_count',
        'eval_duration',
      ] as const) {
        expect(last?.[count], count).toBeGreaterThan(0)
      }
    })

    test('streams when nothing is said about it, and answers one object when told not to', async () => {
      const streamed = await fetch(`${access.host}/api/generate`, {
        method: 'POST',
        body: JSON.stringify({ model: access.chat, prompt: 'Say hello.' }),
      })
      expect(streamed.headers.get('content-type')).toBe('application/x-ndjson')
      const lines = (await streamed.text())
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as { done: boolean })
      expect(lines.length).toBeGreaterThan(1)
      expect(lines.at(-1)?.done).toBe(true)
      const whole = await ollama.generate({ model: access.chat, prompt: 'Say hello.' })
      expect(whole).toMatchObject({ done: true, done_reason: 'stop' })
      expect(whole.response?.length).toBeGreaterThan(0)
    })

    test('fills a JSON schema', async () => {
      const format = {
        type: 'object',
        properties: {
          severity: { type: 'string', enum: ['critical', 'warning', 'info'] },
          replicas: { type: 'integer' },
          causes: { type: 'array', items: { type: 'string' } },
        },
        required: ['severity', 'replicas', 'causes'],
      }
      const { message } = await ollama.chat({
        model: access.chat,
        format,
        messages: [
          {
            role: 'user',
            content: 'Alert: severity critical, the deployment has 3 replicas, the disk is full.',
          },
        ],
      })
      const value = JSON.parse(message.content) as {
        severity: string
        replicas: number
        causes: string[]
      }
      expect(value).toMatchObject({ severity: 'critical', replicas: 3 })
      expect(Array.isArray(value.causes)).toBe(true)
      const loose = await ollama.generate({
        model: access.chat,
        format: 'json',
        prompt: 'Answer in JSON.',
      })
      expect(typeof JSON.parse(loose.response ?? '')).toBe('object')
    })

    test('stops at num_predict and says so', async () => {
      const answer = await ollama.generate({
        model: access.chat,
        prompt: 'Tell me: the quick brown fox jumps over the lazy dog.',
        options: { num_predict: 2 },
      })
      expect(answer).toMatchObject({ done_reason: 'length', eval_count: 2 })
    })

    test('embeds texts as vectors of length 1, the same text the same way', async () => {
      const { embeddings } = await ollama.embed({
        model: access.embedding,
        input: ['I live in Lisbon', 'I live in Lisbon', 'the build failed'],
      })
      const [a = [], b = [], c = []] = embeddings
      expect(embeddings).toHaveLength(3)
      expect(a).toEqual(b)
      expect(c).not.toEqual(a)
      for (const vector of embeddings) expect(Math.hypot(...vector)).toBeCloseTo(1, 4)
      expect((await ollama.embed({ model: access.embedding, input: [] })).embeddings).toEqual([])
      const legacy = await ollama.embeddings({
        model: access.embedding,
        prompt: 'I live in Lisbon',
      })
      expect(legacy.embedding).toHaveLength(a.length)
    })

    test('lists its models and shows what they can do', async () => {
      const names = (await ollama.list()).models.map(({ name }) => name)
      expect(names).toEqual(expect.arrayContaining([`${access.chat.replace(/:.*$/, '')}:latest`]))
      expect((await ollama.show({ model: access.chat })).capabilities).toContain('completion')
      expect((await ollama.show({ model: access.embedding })).capabilities).toContain('embedding')
    })

    test('loads for an empty prompt, shows it in ps, and unloads at keep_alive 0', async () => {
      expect(await post('/api/generate', { model: access.chat, keep_alive: '10m' })).toMatchObject({
        status: 200,
        body: { done: true, done_reason: 'load' },
      })
      expect((await ollama.ps()).models.some(({ name }) => name.startsWith(access.chat))).toBe(true)
      expect(
        await post('/api/chat', { model: access.chat, messages: [], keep_alive: 0 }),
      ).toMatchObject({ status: 200, body: { done_reason: 'unload' } })
      await expect
        .poll(
          async () => (await ollama.ps()).models.some(({ name }) => name.startsWith(access.chat)),
          { timeout: 5_000 },
        )
        .toBe(false)
    })

    test('words its errors as Ollama does', async () => {
      const message = { role: 'user', content: 'x' }
      const missing = 'no-such-model'
      const errors = await Promise.all([
        post('/api/chat', { model: missing, messages: [message] }),
        post('/api/generate', { model: missing, prompt: 'x' }),
        post('/api/embed', { model: missing, input: 'x' }),
        post('/api/show', { model: missing }),
        post('/api/chat', ''),
        post('/api/chat', { messages: [message] }),
        post('/api/embed', { model: access.embedding, input: 5 }),
        post('/api/chat', { model: access.embedding, messages: [message] }),
      ])
      expect(errors.map(({ status, body }) => [status, (body as { error: string }).error])).toEqual(
        [
          [404, `model '${missing}' not found`],
          [404, `model '${missing}' not found`],
          [404, `model "${missing}" not found, try pulling it first`],
          [404, `model '${missing}' not found`],
          [400, 'missing request body'],
          [400, 'model is required'],
          [400, 'invalid input type'],
          [400, `"${access.embedding}" does not support chat`],
        ],
      )
      await expect(ollama.chat({ model: missing, messages: [message] })).rejects.toMatchObject({
        status_code: 404,
        message: `model '${missing}' not found`,
      })
    })

    test('answers at the root, and 404 or 405 elsewhere', async () => {
      expect(await (await fetch(access.host)).text()).toBe('Ollama is running')
      expect((await fetch(access.host, { method: 'HEAD' })).status).toBe(200)
      expect(await (await fetch(`${access.host}/api/version`)).json()).toMatchObject({
        version: expect.any(String),
      })
      expect((await fetch(`${access.host}/api/nothing`)).status).toBe(404)
      expect((await fetch(`${access.host}/api/chat`)).status).toBe(405)
    })
  })
}
