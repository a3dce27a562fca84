import { beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod/mini'
import type { EventType, Operation } from '../../shared/contract.ts'
import { AppError, fromEnvelope } from '../../shared/errors.ts'
import { defineFunction, type FunctionDefinition, on } from '../../shared/function.ts'
import type { Principal } from '../../shared/principal.ts'
import { createEvent } from '../../shared/publish.ts'
import { route } from '../../shared/route.ts'
import { createTestApp, type TestApp } from '../fixtures/function.ts'

const add: Operation<{ id: string; n: number }, { sum: number }> = {
  service: 'sums',
  name: 'add',
  method: 'POST',
  path: '/sums/:id',
  summary: 'add',
  permission: 'api:workflow:add',
  callers: ['gateway'],
  maxBytes: 1_000,
  input: () => z.strictObject({ id: z.string(), n: z.int() }),
  output: () => z.object({ sum: z.number() }),
}

const open: Operation<{ q: number }, { q: number }> = {
  ...add,
  name: 'open',
  method: 'GET',
  path: '/open',
  permission: 'public',
  input: () => z.strictObject({ q: z.coerce.number() }),
  output: () => z.object({ q: z.number() }),
}

const asked: EventType<{ n: number }> = {
  type: 'dev.aiwfe.sums.asked.v1',
  source: '/sums',
  summary: 'asked',
  data: () => z.object({ n: z.number() }),
}

const sums: FunctionDefinition = defineFunction({
  name: 'sums',
  config: {},
  contract: { service: 'sums', operations: [add, open], events: [asked] },
  routes(app) {
    route(app, add, async ({ n }) => {
      if (n === 13) throw new Error('secret detail of postgres://user:pass@host')
      if (n === 15) throw Object.assign(new Error('secret text'), { code: '22021' })
      if (n === 14) throw new AppError('conflict', 'taken', { details: { n } })
      return { sum: n + 1, leak: 'internal' } as { sum: number }
    })
    route(app, open, async ({ q }) => ({ q }))
  },
  events: [
    on(asked, async ({ id, data }, deps) => {
      if (data.n === 1) throw new AppError('not_found', 'somewhere inside')
      if (data.n === 2) throw new AppError('busy')
      if (data.n === 3) return undefined
      if (data.n === 4) throw fromEnvelope(400, { error: { code: 'invalid_request' } }, 'other')
      if (data.n === 6) throw Object.assign(new Error('of the database'), { code: '22021' })
      return createEvent(
        asked,
        { n: 0 },
        { subject: 's', id: `${id}-r` },
        { now: deps.clock.now(), newId: deps.id },
      )
    }),
  ],
})

const user: Principal = {
  sub: 'ada',
  kind: 'user',
  service: 'gateway',
  permissions: ['api:workflow:*'],
}
const post = (n: unknown, init: object = {}) => ({
  method: 'POST',
  body: JSON.stringify({ n }),
  as: user,
  ...init,
})
const errorOf = async (response: Response) =>
  (await response.json()) as { error: Record<string, unknown> }

let app: TestApp<object>
beforeEach(() => {
  app = createTestApp(sums)
})

describe('every function', () => {
  test('answers an operation and adds the service headers', async () => {
    const response = await app.request('/sums/a', {
      ...post(1),
      headers: { 'x-request-id': 'request-7' },
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-request-id')).toBe('request-7')
    expect(response.headers.get('x-service-name')).toBe('sums')
    expect(response.headers.get('x-response-time')).toMatch(/^\d+ms$/)
    expect(await response.json()).toEqual({ sum: 2 })
  })

  test('lists every wrong field', async () => {
    const response = await app.request('/sums/a', {
      method: 'POST',
      body: JSON.stringify({ n: 'one', extra: true }),
      as: user,
    })
    expect(response.status).toBe(422)
    const { error } = await errorOf(response)
    expect(error.code).toBe('validation_failed')
    expect(error.details).toMatchObject({
      fields: [
        { field: 'n', message: 'must be a number' },
        { field: 'extra', message: 'is not known here' },
      ],
    })
  })

  test.each([
    ['{', 400, 'invalid_request'],
    ['[]', 400, 'invalid_request'],
    ['"x"', 400, 'invalid_request'],
    [`{"n":1,"pad":"${'x'.repeat(1_000)}"}`, 413, 'payload_too_large'],
  ])('refuses the body %s', async (body, status, code) => {
    const response = await app.request('/sums/a', { method: 'POST', body, as: user })
    expect(response.status).toBe(status)
    expect((await errorOf(response)).error).toMatchObject({ code, request_id: expect.any(String) })
  })

  test('refuses a body that streams past its limit', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('x'.repeat(500)))
      },
    })
    const init = {
      method: 'POST',
      body,
      duplex: 'half',
      as: user,
      headers: { 'content-type': 'application/json' },
    }
    const response = await app.request('/sums/a', init as RequestInit)
    expect(response.status).toBe(413)
  })

  test('refuses another content type', async () => {
    const init = { ...post(1), headers: { 'content-type': 'text/plain' } }
    expect((await app.request('/sums/a', init)).status).toBe(415)
  })

  test('wants a caller, the right caller, and the permission', async () => {
    const { as: _, ...anonymous } = post(1)
    const nobody = await app.request('/sums/a', anonymous)
    expect(nobody.status).toBe(401)
    expect(nobody.headers.get('www-authenticate')).toBe('Bearer error="unauthenticated"')
    const stranger = post(1, { as: { ...user, service: 'chat' } })
    expect((await app.request('/sums/a', stranger)).status).toBe(403)
    const reader = post(1, { as: { ...user, permissions: ['api:read'] } })
    expect((await app.request('/sums/a', reader)).status).toBe(403)
  })

  test.each(['Bearer', 'Bearer a b', 'Basic eDp5', 'Bearer not-a-token', ''])(
    'answers 401 to the authorization %j',
    async authorization => {
      const response = await app.request('/open?q=1', { headers: { authorization } })
      expect(response.status).toBe(401)
    },
  )

  test('answers 422 to data that no database can hold', async () => {
    const response = await app.request('/sums/a', post(15))
    expect(response.status).toBe(422)
    const { error } = await errorOf(response)
    expect(error).toMatchObject({
      code: 'validation_failed',
      message: 'a value cannot be stored as it is',
    })
  })

  test('takes the scheme of a token in any case', async () => {
    const headers = { authorization: `bEARER ${await app.deps.identity.mint('sums', user)}` }
    const response = await app.request('/open?q=1', { headers })
    // The token is proven: what is refused is the caller.
    expect(response.status).toBe(403)
    expect((await errorOf(response)).error.message).toBe('sums may not call open')
  })

  test('lets nothing of an unforeseen error out, and logs all of it', async () => {
    app.expectErrors()
    const response = await app.request('/sums/a', post(13))
    const text = await response.text()
    expect(response.status).toBe(500)
    expect(text).not.toContain('secret')
    expect(text).not.toContain(' at ')
    expect(JSON.stringify(app.lines)).toContain('secret detail')
  })

  test('answers an error as a problem to those who ask for one', async () => {
    const response = await app.request(
      '/sums/a',
      post(14, { headers: { accept: 'application/problem+json' } }),
    )
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({
      type: 'urn:aiwfe:error:conflict',
      status: 409,
      n: 14,
    })
  })

  test('answers unknown paths with 404 and other methods with 405 and what is allowed', async () => {
    expect((await app.request('/nope')).status).toBe(404)
    const response = await app.request('/sums/a', { method: 'PUT', as: user })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })

  test('is healthy, ready until it drains, and counts by route template', async () => {
    await app.request('/sums/a', post(1))
    await app.request('/sums/b', post(1))
    expect(await (await app.request('/health')).json()).toMatchObject({
      status: 'healthy',
      components: {},
    })
    expect((await app.request('/health/ready')).status).toBe(200)
    const text = await (await app.request('/metrics')).text()
    expect(text).toContain(
      'http_requests_total{service="sums",endpoint="/sums/:id",status="200"} 2',
    )
  })

  test('describes itself in OpenAPI from the same schemas', async () => {
    const document = (await (await app.request('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { parameters: unknown[]; requestBody: unknown }>>
    }
    expect(Object.keys(document.paths)).toEqual(['/sums/{id}', '/open'])
    expect(document.paths['/sums/{id}']?.post).toMatchObject({
      operationId: 'sums.add',
      parameters: [{ name: 'id', in: 'path', required: true }],
      requestBody: { content: { 'application/json': { schema: { required: ['n'] } } } },
    })
  })
})

describe('every function, asked by the broker', () => {
  test('acknowledges with 202 and an empty body', async () => {
    const response = await app.deliver(asked.type, { n: 3 })
    expect([response.status, await response.text()]).toEqual([202, ''])
  })

  test('replies with an event that tells its cause', async () => {
    const response = await app.deliver(asked.type, { n: 5 }, { id: 'cause', correlationid: 'corr' })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('application/cloudevents+json')
    expect(await response.json()).toMatchObject({
      id: 'cause-r',
      causationid: 'cause',
      correlationid: 'corr',
      partitionkey: 's',
    })
  })

  test('continues the trace of the event', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const response = await app.deliver(asked.type, { n: 5 }, { traceparent })
    const reply = (await response.json()) as { traceparent: string }
    expect(reply.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-/)
    expect(reply.traceparent).not.toContain('00f067aa0ba902b7')
  })

  test.each([
    ['an event of a type without a handler', 'dev.other.v1', { n: 3 }, 400],
    ['data of another shape', 'dev.aiwfe.sums.asked.v1', { n: 'x' }, 400],
    ['somebody working on it', 'dev.aiwfe.sums.asked.v1', { n: 2 }, 409],
    [
      'a final error inside, which must not end the event',
      'dev.aiwfe.sums.asked.v1',
      { n: 1 },
      503,
    ],
    [
      'a request of ours that another function cannot read',
      'dev.aiwfe.sums.asked.v1',
      { n: 4 },
      503,
    ],
    ['data that no database can hold', 'dev.aiwfe.sums.asked.v1', { n: 6 }, 400],
  ])('%s is answered with the status that the broker needs', async (_, type, data, status) => {
    if (status >= 500) app.expectErrors()
    expect((await app.deliver(type, data)).status).toBe(status)
  })
})
