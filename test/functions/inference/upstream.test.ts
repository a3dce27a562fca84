/** A model server that breaks off, stalls or refuses. */
import { describe, expect, it } from 'vitest'
import { CHAT, errorOf, QUESTION } from './chat-requests.ts'
import { says, startHarness } from './harness.ts'

describe('a broken answer', () => {
  it('that was cut before its first token is asked for once more', async () => {
    const { post, script, calls } = await startHarness()
    script(({ response }) => void response.destroy(), says('again'))
    expect(await (await post(CHAT, QUESTION)).json()).toMatchObject({ content: 'again' })
    expect(calls).toHaveLength(2)
  })

  it('that is cut twice is an error, not a third try', async () => {
    const { post, script, calls } = await startHarness()
    script(({ response }) => void response.destroy())
    expect((await errorOf(await post(CHAT, QUESTION))).code).toBe('model_unavailable')
    expect(calls).toHaveLength(2)
  })

  it('that ends in order but without "done" is an error, and is not tried again after a token', async () => {
    const { post, script, calls } = await startHarness()
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
    const { post, script } = await startHarness()
    script(call => {
      call.line({ message: { content: 'one' }, done: false })
      call.response.write('{"message":{"content":"two"\n')
      call.line({ message: { content: '' }, done: true, done_reason: 'stop' })
      call.response.end()
    })
    expect(await errorOf(await post(CHAT, QUESTION))).toMatchObject({ code: 'upstream_error' })
  })

  it('with an error line is a failure of the server, whose words stay in the log', async () => {
    const { post, script } = await startHarness()
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
    const { post, script, calls } = await startHarness({ LOAD_TIMEOUT_MS: 60, TTFT_TIMEOUT_MS: 60 })
    script(() => {})
    expect(await errorOf(await post(CHAT, QUESTION))).toMatchObject({
      status: 504,
      code: 'upstream_timeout',
    })
    await calls[0]?.closed
    expect(calls).toHaveLength(1)
  })

  it('that stalls is given up after the idle time', async () => {
    const { post, script, calls } = await startHarness({ IDLE_TIMEOUT_MS: 60 })
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
    const { post, script, calls } = await startHarness()
    script(refuse(503, 'server busy, please try again.  maximum pending requests exceeded'))
    const response = await post(CHAT, QUESTION)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await errorOf(response)).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(calls).toHaveLength(1)
  })

  it('a bad request is passed on in the words of the server', async () => {
    const { post, script } = await startHarness()
    script(refuse(400, '"llama3.2" does not support thinking'))
    expect(await errorOf(await post(CHAT, QUESTION))).toEqual({
      status: 400,
      code: 'invalid_request',
      message: '"llama3.2" does not support thinking',
    })
  })

  it('a failure of the server says nothing of its insides', async () => {
    const { post, script } = await startHarness()
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
    const { post, calls } = await startHarness()
    const response = await post(CHAT, { ...QUESTION, model: 'phi9' })
    expect(await errorOf(response)).toMatchObject({
      status: 404,
      code: 'not_found',
      message: 'the model "phi9" is not on the server',
    })
    expect(calls).toHaveLength(0)
  })

  it('no model at all says what to pull', async () => {
    const { post } = await startHarness({ tags: [] })
    expect((await errorOf(await post(CHAT, QUESTION))).message).toContain('ollama pull llama3.2')
  })

  it('a server that is not there is model_unavailable', async () => {
    const { post, close } = await startHarness()
    await close()
    expect(await errorOf(await post(CHAT, QUESTION))).toMatchObject({
      status: 503,
      code: 'model_unavailable',
    })
  })
})
