/** Answers a chat or a generation, as a stream or whole. */
import { type Exchange, json, pause, type RouteDeps, write } from './exchange.ts'
import { complete, type Prompt } from './generate.ts'
import { ApiError, readKeepAlive, readModel } from './request.ts'

/** Runs `prompt` on the model that the body names. @throws ApiError */
export async function talk(
  { body, response, signal }: Exchange,
  deps: RouteDeps,
  route: 'chat' | 'generate',
  prompt: Prompt,
): Promise<void> {
  const started = process.hrtime.bigint()
  const name = readModel(body)
  if (name === '') throw new ApiError(400, 'model is required')
  const model = deps.models.find(name)
  if (!model) throw new ApiError(404, `model '${name}' not found`)
  if (model.capability !== 'completion')
    throw new ApiError(400, `"${name}" does not support ${route}`)
  if (body.think === true || typeof body.think === 'string')
    throw new ApiError(400, `"${name}" does not support thinking`)
  if (Array.isArray(body.tools) && body.tools.length > 0)
    throw new ApiError(400, `"${name}" does not support tools`)
  const keepAliveMs = readKeepAlive(body)
  const part = (text: string, rest: object): object => ({
    model: name,
    created_at: new Date(deps.now()).toISOString(),
    ...(route === 'chat' ? { message: { role: 'assistant', content: text } } : { response: text }),
    ...rest,
  })
  if (prompt.empty) {
    if (keepAliveMs === 0) deps.scheduler.unload(model)
    else
      (
        await deps.scheduler.acquire(model, {
          keepAliveMs,
          contextLength: prompt.options.contextLength,
          signal,
        })
      )()
    return json(
      response,
      part('', { done: true, done_reason: keepAliveMs === 0 ? 'unload' : 'load' }),
    )
  }
  const release = await deps.scheduler.acquire(model, {
    keepAliveMs,
    contextLength: prompt.options.contextLength,
    signal,
  })
  try {
    const loaded = process.hrtime.bigint()
    const { pieces, doneReason } = complete(prompt)
    const evaluated = process.hrtime.bigint()
    const stream = body.stream !== false
    await pause(deps.firstTokenMs, signal)
    if (stream) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (const [at, piece] of pieces.entries()) {
      if (at > 0) await pause(deps.tokenMs, signal)
      if (stream) await write(response, part(piece, { done: false }), signal)
    }
    const end = process.hrtime.bigint()
    const final = part(stream ? '' : pieces.join(''), {
      done: true,
      done_reason: doneReason,
      total_duration: Number(end - started),
      load_duration: Math.max(1, Number(loaded - started)),
      prompt_eval_count: prompt.promptTokens,
      prompt_eval_duration: Math.max(1, Number(evaluated - loaded)),
      eval_count: pieces.length,
      eval_duration: Math.max(1, Number(end - evaluated)),
    })
    if (stream) response.end(`${JSON.stringify(final)}\n`)
    else json(response, final)
  } finally {
    release()
  }
}
