/** Answers a question: recall, prompt, model, commit, publish; whole or as it is written. */
import type { MemoryUsed, SendInput, Turn } from '../../shared/contracts/chat.ts'
import { AppError, toAppError, toEnvelope } from '../../shared/errors.ts'
import { tryFlushOutbox } from '../../shared/outbox.ts'
import type { Principal } from '../../shared/principal.ts'
import { requestId } from '../../shared/route.ts'
import { type SseEvent, sse } from '../../shared/sse.ts'
import { createChannel } from './channel.ts'
import { historyOf } from './history.ts'
import { modelAnswer } from './model-answer.ts'
import { toPrompt } from './prompt.ts'
import { recollect } from './recollect.ts'
import type { ChatDeps } from './settings.ts'
import { type Answer, completeTurn, failTurn, holdTurn } from './settle.ts'
import { beginTurn, type OpenTurn } from './turn.ts'

/** Who asks, and whether they still listen. */
export interface Asking {
  principal: Principal
  signal: AbortSignal
}

type Emit = (event: SseEvent) => void

/** The whole turn. */
export async function answer(deps: ChatDeps, input: SendInput, asking: Asking): Promise<Turn> {
  const { open, done } = await beginTurn(deps, asking.principal.sub, input)
  if (open) return write(deps, open, { ...asking, model: input.model, emit: () => {} })
  await tryFlushOutbox(deps, 'chat')
  return done
}

/**
 * Events `memories`, `delta`…, `done` or `error`. What is wrong with the question itself is an ordinary error answer.
 * When the client leaves, the model is stopped and what there is of the answer is kept as failed.
 */
export async function answerStream(
  deps: ChatDeps,
  input: SendInput,
  { principal, signal }: Asking,
): Promise<Response> {
  const { open, done } = await beginTurn(deps, principal.sub, input)
  if (done) await tryFlushOutbox(deps, 'chat')
  const left = new AbortController()
  const listening = AbortSignal.any([signal, left.signal])
  const site = { service: deps.service, endpoint: 'send-stream', requestId: requestId() }
  const channel = createChannel<SseEvent>(() => left.abort(new Error('the client left')))
  const emit: Emit = event => channel.push(event)
  const finished = open
    ? write(deps, open, { principal, signal: listening, model: input.model, emit })
    : replay(done, emit)
  finished
    .then(
      turn => emit({ event: 'done', data: turn }),
      error => {
        const shown = toAppError(error)
        if (shown.status >= 500) deps.log.error('an answer failed', { error })
        emit({ event: 'error', data: toEnvelope(shown, { ...site, now: deps.clock.now() }).error })
      },
    )
    .finally(channel.end)
  return sse(channel, { signal })
}

async function replay(turn: Turn, emit: Emit): Promise<Turn> {
  emit({ event: 'memories', data: turn.assistant.memories_used })
  emit({ event: 'delta', data: { text: turn.assistant.content } })
  return turn
}

/** Writes the answer of `turn`; resolves once it is committed and, if the broker takes it, its event published. */
async function write(
  deps: ChatDeps,
  turn: OpenTurn,
  { principal, signal, model, emit }: Asking & { model: string | undefined; emit: Emit },
): Promise<Turn> {
  const written: Answer = { content: '', memories: [], model: null }
  try {
    const completed = await holdTurn(deps, turn, async () => {
      const [memories, history] = await Promise.all([
        recollect(deps, turn.user.content, { principal, signal }),
        historyOf(deps, turn),
      ])
      written.memories = memories.map(({ id, text, score }): MemoryUsed => ({ id, text, score }))
      emit({ event: 'memories', data: written.memories })
      const { CONTEXT_TOKENS: contextTokens } = deps.config
      const messages = toPrompt({ question: turn.user.content, memories, history, contextTokens })
      for await (const piece of modelAnswer(deps, { messages, model }, { principal, signal })) {
        written.content += piece.text
        written.model = piece.model
        emit({ event: 'delta', data: { text: piece.text } })
      }
      if (written.content.trim() === '') {
        throw new AppError('upstream_error', 'the model answered nothing')
      }
      return completeTurn(deps, turn, written)
    })
    await tryFlushOutbox(deps, 'chat')
    return completed
  } catch (error) {
    await failTurn(deps, turn, written)
    if (signal.aborted) throw new AppError('invalid_request', 'the client left before the answer')
    throw error
  }
}
