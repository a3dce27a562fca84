/** Equal requests: asked once when they come together, from the cache when one comes later. */
import { describe, expect, it } from 'vitest'
import type { Completion } from '../../../shared/contracts/inference.ts'
import { until } from '../../fixtures/until.ts'
import { CHAT, framesOf, QUESTION, STREAM, SURE } from './chat-requests.ts'
import { gate, says, startHarness } from './harness.ts'

describe('equal requests', () => {
  it('at the same time ask the model once', async () => {
    const { post, script, calls } = await startHarness()
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
    const { post, calls } = await startHarness()
    await Promise.all([post(CHAT, SURE), post(CHAT, SURE, { user: 'bob' })])
    expect(calls).toHaveLength(2)
  })

  it('go on for the others when the first to ask leaves', async () => {
    const { post, script, calls } = await startHarness()
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
    const { post, script, calls } = await startHarness()
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
    const { post, calls, kv } = await startHarness()
    expect(via(await post(CHAT, SURE))).toBe('miss')
    await until(() => kv.size === 1)
    const again = await post(CHAT, SURE)
    expect(via(again)).toBe('hit')
    expect(((await again.json()) as Completion).cached).toBe(true)
    expect(calls).toHaveLength(1)
  })

  it('replays a stream piece by piece', async () => {
    const { post, kv } = await startHarness()
    await post(CHAT, SURE)
    await until(() => kv.size === 1)
    const response = await post(STREAM, SURE)
    expect(via(response)).toBe('hit')
    expect((await framesOf(response)).map(frame => frame.delta).join('')).toBe('hello world')
  })

  it('keeps neither a cut, nor a limited, nor a malformed answer', async () => {
    const { post, script, kv } = await startHarness()
    script(call => {
      call.line({ message: { content: 'half' }, done: false })
      call.response.end()
    })
    expect((await post(CHAT, SURE)).status).toBe(502)
    script(call => {
      call.line({ message: { content: 'limited' }, done: true, done_reason: 'length' })
      call.response.end()
    })
    expect((await post(CHAT, SURE)).status).toBe(200)
    script(says('not json'))
    await post(CHAT, { ...SURE, format: 'json' })
    // What is kept is written behind its answer, so the next that is kept is waited for.
    script(says('whole'))
    await post(CHAT, { ...SURE, options: { temperature: 0, seed: 1 } })
    await until(() => kv.size > 0)
    expect([...kv.values()]).toEqual([expect.stringContaining('whole')])
  })

  it('is not asked when the request says bypass', async () => {
    const { post, kv } = await startHarness()
    await post(CHAT, SURE)
    await until(() => kv.size === 1)
    expect(via(await post(CHAT, SURE, { cache: 'bypass' }))).toBe('bypass')
  })

  it('that is down costs nothing but the cache', async () => {
    const { post, logged } = await startHarness({ kvDown: true })
    expect(via(await post(CHAT, SURE))).toBe('miss')
    expect((await post(CHAT, SURE)).status).toBe(200)
    expect(logged).toHaveLength(1)
  })
})
