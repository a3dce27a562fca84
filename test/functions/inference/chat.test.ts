/** Answers of a model, whole and streamed, and the line of those who wait for one. */
import { describe, expect, it } from 'vitest'
import { until } from '../../fixtures/until.ts'
import { CHAT, framesOf, QUESTION, STREAM, SURE } from './chat-requests.ts'
import { gate, MODEL, says, startHarness } from './harness.ts'

describe('a whole answer', () => {
  it('is assembled from a stream, with the counts of its last line', async () => {
    const { post, calls } = await startHarness()
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
    const { post, calls } = await startHarness()
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
    const { post, calls } = await startHarness()
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

describe('a streamed answer', () => {
  it('sends a frame for each piece and the totals last', async () => {
    const { post } = await startHarness()
    const response = await post(STREAM, QUESTION)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(response.headers.get('x-cache')).toBe('bypass')
    const frames = await framesOf(response)
    expect(frames.map(frame => frame.delta)).toEqual(['hello', ' world', ''])
    expect(frames.at(-1)).toMatchObject({ done: true, completion: { content: 'hello world' } })
  })

  it('that fails before its first token is a status', async () => {
    const { post, script } = await startHarness()
    script(({ response }) => void response.destroy())
    expect((await post(STREAM, QUESTION)).status).toBe(503)
  })

  it('that is cut after a token ends in an error frame and never in "done"', async () => {
    const { post, script } = await startHarness()
    script(call => {
      call.line({ message: { content: 'half' }, done: false })
      setImmediate(() => call.response.destroy())
    })
    const frames = await framesOf(await post(STREAM, QUESTION))
    expect(frames.at(-1)).toMatchObject({ done: false, error: { code: 'upstream_error' } })
    expect(frames.some(frame => frame.done)).toBe(false)
  })

  it('is stopped upstream when the client stops reading', async () => {
    const { post, script, calls } = await startHarness()
    script(call => call.line({ message: { content: 'one' }, done: false }))
    const response = await post(STREAM, QUESTION)
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await calls[0]?.closed
  })

  it('is stopped upstream when the client leaves before the first token, and gives its place back', async () => {
    const { post, script, calls } = await startHarness({ MODEL_CONCURRENCY: 1 })
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
    const { post, script, calls } = await startHarness({ MODEL_CONCURRENCY: 1, MODEL_QUEUE: 1 })
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
  const { post, script, calls, connections } = await startHarness()
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
  const { post } = await startHarness({ MODEL_CONCURRENCY: 1, MODEL_QUEUE: 0 })
  for (let turn = 0; turn < 3; turn += 1) {
    const response = await post(STREAM, QUESTION)
    expect(response.status).toBe(200)
    await response.text()
  }
})
