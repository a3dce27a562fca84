import { afterEach, describe, expect, it } from 'vitest'
import type { ChatDelta, Completion } from '../../../shared/contracts/inference.ts'
import { parseSse } from '../../../shared/sse.ts'
import { gate, type Harness, MODEL, type Overrides, says, startHarness, until } from './harness.ts'

const CHAT = '/api/v1/inference/chat'
const STREAM = '/api/v1/inference/chat/stream'
const QUESTION = { messages: [{ role: 'user', content: 'who is there?' }] }
const SURE = { ...QUESTION, options: { temperature: 0 } }

let harness: Harness
afterEach(() => harness.close())

async function start(overrides?: Overrides): Promise<Harness> {
  harness = await startHarness(overrides)
  return harness
}

async function errorOf(
  response: Response,
): Promise<{ status: number; code: string; message: string }> {
  const { error } = (await response.json()) as { error: { code: string; message: string } }
  return { status: response.status, code: error.code, message: error.message }
}

async function framesOf(response: Response): Promise<ChatDelta[]> {
  const frames: ChatDelta[] = []
  for await (const { data } of parseSse(response.body as AsyncIterable<Uint8Array>)) {
    frames.push(JSON.parse(data) as ChatDelta)
  }
  return frames
}

describe('a whole answer', () => {
  it('is assembled from a stream, with the counts of its last line', async () => {
    const { post, calls } = await start()
    const response = await post(CHAT, QUESTION)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      model: MODEL,
      content: 'hello world',
      done_reason: 'stop',
      prompt_tokens: 7,
      completion_tokens: 2,
      cached: false,
    })
    expect(calls[0]?.body).toMatchObject({ model: MODEL, stream: true })
    expect(Number(response.headers.get('x-inference-overhead-ms'))).toBeGreaterThanOrEqual(0)
  })

  it('passes the format and the options on, and nothing that was not set', async () => {
    const { post, calls } = await start()
    await post(CHAT, { ...QUESTION, format: { type: 'object' }, options: { seed: 1 } })
    expect(calls[0]?.body).toEqual({
      model: MODEL,
      stream: true,
      messages: QUESTION.messages,
      format: { type: 'object' },
      options: { seed: 1 },
    })
  })

  it('of generate comes from the generate route of the server', async () => {
    const { post, calls } = await start()
    const response = await post('/api/v1/inference/generate', {
      prompt: 'go on',
      system: 'be brief',
    })
    expect(await response.json()).toMatchObject({ content: 'hello world' })
    expect(calls[0]).toMatchObject({
      path: '/api/generate',
      body: { prompt: 'go on', system: 'be brief' },
    })
  })
})

describe('a broken answer', () => {
  it('that was cut before its first token is asked for once more', async () => {
    const { post, script, calls } = await start()
    script(({ response }) => void response.destroy(), says('again'))
    expect(await (await post(CHAT, QUESTION)).json()).toMatchObject({ content: 'again' })
    expect(calls).toHaveLength(2)
  })

  it('that is cut twice is an error, not a third try', async () => {
    const { post, script, calls } = await start()
    script(({ response }) => void response.destroy())
    expect((await errorOf(await post(CHAT, QUESTION))).code).toBe('model_unavailable')
    expect(calls).toHaveLength(2)
  })

  it('that ends in order but without "done" is an error, and is not tried again after a token', async () => {
    const { post, script, calls } = await start()
    script(call => {
      call.line({ message: { content: 'half an' }, done: false })
      call.response.end()
    })
    expect(await errorOf(await post(CHAT, QUESTION))).toEqual({
      status: 502,
      code: 'upstream_error',
      message: "the model's answer was cut off before its end",
    })
    expect(calls).toHaveLength(1)
  })

  it('with a damaged line is an error: a lost word must not look like a whole answer', async () => {
    const { post, script } = await start()
    script(call => {
      call.line({ message: { content: 'one' }, done: false })
      call.response.write('{"message":{"content":"two"\n')
      call.line({ message: { content: '' }, done: true, done_reason: 'stop' })
      call.response.end()
    })
    expect(await errorOf(await post(CHAT, QUESTION))).toMatchObject({ code: 'upstream_error' })
  })

  it('with an error line is a failure of the server, whose words stay in the log', async () => {
    const { post, script } = await start()
    script(call => {
      call.line({ message: { content: 'one' }, done: false })
      call.line({ error: 'model runner has unexpectedly stopped' })
      call.response.end()
    })
    expect(await errorOf(await post(CHAT, QUESTION))).toEqual({
      status: 503,
      code: 'model_unavailable',
      message: 'the model server failed',
    })
  })

  it('that never begins is given up after the time to first token', async () => {
    const { post, script, calls } = await start({ LOAD_TIMEOUT_MS: 60, TTFT_TIMEOUT_MS: 60 })
    script(() => {})
    expect(await errorOf(await post(CHAT, QUESTION))).toMatchObject({
      status: 504,
      code: 'upstream_timeout',
    })
    await calls[0]?.closed
    expect(calls).toHaveLength(1)
  })

  it('that stalls is given up after the idle time', async () => {
    const { post, script, calls } = await start({ IDLE_TIMEOUT_MS: 60 })
    script(call => call.line({ message: { content: 'one' }, done: false }))
    expect((await errorOf(await post(CHAT, QUESTION))).message).toContain('wrote nothing more')
    await calls[0]?.closed
  })
})

describe("the server's refusals", () => {
  const refuse =
    (status: number, error: string) => (call: { response: import('node:http').ServerResponse }) => {
      call.response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
      call.response.end(JSON.stringify({ error }))
    }

  it('a full queue is 429 with the time to come again, and is not tried again', async () => {
    const { post, script, calls } = await start()
    script(refuse(503, 'server busy, please try again.  maximum pending requests exceeded'))
    const response = await post(CHAT, QUESTION)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await errorOf(response)).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(calls).toHaveLength(1)
  })

  it('a bad request is passed on in the words of the server', async () => {
    const { post, script } = await start()
    script(refuse(400, '"llama3.2" does not support thinking'))
    expect(await errorOf(await post(CHAT, QUESTION))).toEqual({
      status: 400,
      code: 'invalid_request',
      message: '"llama3.2" does not support thinking',
    })
  })

  it('a failure of the server says nothing of its insides', async () => {
    const { post, script } = await start()
    script(refuse(500, 'open /root/.ollama/models/blobs/sha256-1: no such file'))
    const response = await post(CHAT, QUESTION)
    const text = await response.clone().text()
    expect(text).not.toContain('.ollama')
    expect(await errorOf(response)).toMatchObject({
      status: 503,
      code: 'model_unavailable',
      message: 'the model server failed',
    })
  })

  it('a model that nobody pulled is named, with the command that gets it', async () => {
    const { post, calls } = await start()
    const response = await post(CHAT, { ...QUESTION, model: 'phi9' })
    expect(await errorOf(response)).toMatchObject({
      status: 404,
      code: 'not_found',
      message: 'the model "phi9" is not on the server',
    })
    expect(calls).toHaveLength(0)
  })

  it('no model at all says what to pull', async () => {
    const { post } = await start({ tags: [] })
    expect((await errorOf(await post(CHAT, QUESTION))).message).toContain('ollama pull llama3.2')
  })

  it('a server that is not there is model_unavailable', async () => {
    const { post, close } = await start()
    await close()
    expect(await errorOf(await post(CHAT, QUESTION))).toMatchObject({
      status: 503,
      code: 'model_unavailable',
    })
  })
})

describe('a streamed answer', () => {
  it('sends a frame for each piece and the totals last', async () => {
    const { post } = await start()
    const response = await post(STREAM, QUESTION)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(response.headers.get('x-cache')).toBe('bypass')
    const frames = await framesOf(response)
    expect(frames.map(frame => frame.delta)).toEqual(['hello', ' world', ''])
    expect(frames.at(-1)).toMatchObject({ done: true, completion: { content: 'hello world' } })
  })

  it('that fails before its first token is a status', async () => {
    const { post, script } = await start()
    script(({ response }) => void response.destroy())
    expect((await post(STREAM, QUESTION)).status).toBe(503)
  })

  it('that is cut after a token ends in an error frame and never in "done"', async () => {
    const { post, script } = await start()
    script(call => {
      call.line({ message: { content: 'half' }, done: false })
      setImmediate(() => call.response.destroy())
    })
    const frames = await framesOf(await post(STREAM, QUESTION))
    expect(frames.at(-1)).toMatchObject({ done: false, error: { code: 'upstream_error' } })
    expect(frames.some(frame => frame.done)).toBe(false)
  })

  it('is stopped upstream when the client stops reading', async () => {
    const { post, script, calls } = await start()
    script(call => call.line({ message: { content: 'one' }, done: false }))
    const response = await post(STREAM, QUESTION)
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await calls[0]?.closed
  })

  it('is stopped upstream when the client leaves before the first token, and gives its place back', async () => {
    const { post, script, calls } = await start({ MODEL_CONCURRENCY: 1 })
    script(() => {}, says('next'))
    const leaver = new AbortController()
    const left = post(STREAM, QUESTION, { signal: leaver.signal })
    await until(() => calls.length === 1)
    leaver.abort()
    expect((await left).status).toBe(400)
    await calls[0]?.closed
    expect(await (await post(CHAT, QUESTION)).json()).toMatchObject({ content: 'next' })
  })
})

describe('the waiting line', () => {
  it('lets no more through than the model takes, and refuses when it is full', async () => {
    const { post, script, calls } = await start({ MODEL_CONCURRENCY: 1, MODEL_QUEUE: 1 })
    const { opened, open } = gate()
    script(async call => {
      await opened
      says('done')(call)
    })
    const first = post(CHAT, { messages: [{ role: 'user', content: 'first' }] })
    await until(() => calls.length === 1)
    const second = post(CHAT, { messages: [{ role: 'user', content: 'second' }] })
    let refused: Response | undefined
    await until(async () => {
      const response = await post(
        CHAT,
        { messages: [{ role: 'user', content: 'third' }] },
        { signal: AbortSignal.timeout(50) },
      )
      if (response.status === 429) refused = response
      return refused !== undefined
    })
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(calls).toHaveLength(1)
    open()
    expect((await first).status).toBe(200)
    expect((await second).status).toBe(200)
  })
})

it('uses its connection again, also when the end of an answer comes after its last line', async () => {
  const { post, script, calls, connections } = await start()
  const { opened, open } = gate()
  script(async call => {
    call.line({ message: { content: 'all' }, done: true, done_reason: 'stop' })
    await opened
    call.response.end()
  }, says('next'))
  await post(CHAT, QUESTION)
  open()
  await calls[0]?.closed
  for (let turn = 0; turn < 50; turn += 1) await new Promise(resolve => setImmediate(resolve))
  await post(CHAT, SURE)
  expect(connections()).toBe(1)
})

it('gives the place of a stream back when it has ended', async () => {
  const { post } = await start({ MODEL_CONCURRENCY: 1, MODEL_QUEUE: 0 })
  for (let turn = 0; turn < 3; turn += 1) {
    const response = await post(STREAM, QUESTION)
    expect(response.status).toBe(200)
    await response.text()
  }
})

describe('equal requests', () => {
  it('at the same time ask the model once', async () => {
    const { post, script, calls } = await start()
    const { opened, open } = gate()
    script(async call => {
      await opened
      says('same')(call)
    })
    const asked = [1, 2, 3].map(() => post(CHAT, QUESTION))
    await until(() => calls.length === 1)
    open()
    const responses = await Promise.all(asked)
    expect(responses.map(response => response.headers.get('x-cache')).toSorted()).toEqual([
      'bypass',
      'coalesced',
      'coalesced',
    ])
    expect(calls).toHaveLength(1)
  })

  it('of two users are two requests', async () => {
    const { post, calls } = await start()
    await Promise.all([post(CHAT, SURE), post(CHAT, SURE, { user: 'bob' })])
    expect(calls).toHaveLength(2)
  })

  it('go on for the others when the first to ask leaves', async () => {
    const { post, script, calls } = await start()
    const { opened, open } = gate()
    script(async call => {
      await opened
      says('still')(call)
    })
    const leaver = new AbortController()
    const first = post(CHAT, QUESTION, { signal: leaver.signal })
    await until(() => calls.length === 1)
    const second = post(CHAT, QUESTION)
    await new Promise(resolve => setImmediate(resolve))
    leaver.abort()
    await first
    open()
    expect(await (await second).json()).toMatchObject({ content: 'still' })
    expect(calls).toHaveLength(1)
  })

  it('are given up when the last to ask leaves', async () => {
    const { post, script, calls } = await start()
    script(() => {})
    const leaver = new AbortController()
    const first = post(CHAT, QUESTION, { signal: leaver.signal })
    await until(() => calls.length === 1)
    leaver.abort()
    await first
    await calls[0]?.closed
  })
})

describe('the cache', () => {
  const via = (response: Response): string | null => response.headers.get('x-cache')

  it('answers what is sure to be answered the same, marked as cached', async () => {
    const { post, calls, kv } = await start()
    expect(via(await post(CHAT, SURE))).toBe('miss')
    await until(() => kv.size === 1)
    const again = await post(CHAT, SURE)
    expect(via(again)).toBe('hit')
    expect(((await again.json()) as Completion).cached).toBe(true)
    expect(calls).toHaveLength(1)
  })

  it('replays a stream piece by piece', async () => {
    const { post, kv } = await start()
    await post(CHAT, SURE)
    await until(() => kv.size === 1)
    const response = await post(STREAM, SURE)
    expect(via(response)).toBe('hit')
    expect((await framesOf(response)).map(frame => frame.delta).join('')).toBe('hello world')
  })

  it('keeps neither a cut, nor a limited, nor a malformed answer', async () => {
    const { post, script, kv } = await start()
    script(call => {
      call.line({ message: { content: 'a' }, done: true, done_reason: 'length' })
      call.response.end()
    })
    await post(CHAT, SURE)
    script(says('not json'))
    await post(CHAT, { ...SURE, format: 'json' })
    expect(kv.size).toBe(0)
  })

  it('is not asked when the request says bypass', async () => {
    const { post, kv } = await start()
    await post(CHAT, SURE)
    await until(() => kv.size === 1)
    expect(via(await post(CHAT, SURE, { cache: 'bypass' }))).toBe('bypass')
  })

  it('that is down costs nothing but the cache', async () => {
    const { post, logged } = await start({ kvDown: true })
    expect(via(await post(CHAT, SURE))).toBe('miss')
    expect((await post(CHAT, SURE)).status).toBe(200)
    expect(logged).toHaveLength(1)
  })
})
