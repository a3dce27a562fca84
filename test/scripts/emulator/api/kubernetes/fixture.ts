/** The Kubernetes API on a port of its own, over a control plane that runs nothing. */
import { onTestFinished } from 'vitest'
import { createKubernetesApi } from '../../../../../scripts/emulator/api/kubernetes/kubernetes.ts'
import { type ControlBench, createControlBench } from '../../control/fixture.ts'
import { createTestLog } from '../../eventing/fixture.ts'
import { serveHandler } from '../serve-handler.ts'

export const TOKEN = 'a-token'
export const SERVICES = '/apis/serving.knative.dev/v1/namespaces/app/services'
export const TRIGGERS = '/apis/eventing.knative.dev/v1/namespaces/app/triggers'

/** An answer, read whole. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown> & { readonly items?: readonly never[] }
}

/** The API and its control plane. */
export interface ApiBench extends ControlBench {
  readonly port: number
  readonly url: string
  /** With the token; `body` is sent as JSON. */
  ask(method: string, path: string, body?: unknown, headers?: object): Promise<Answer>
}

export async function createApiBench(): Promise<ApiBench> {
  const bench = createControlBench()
  const { control, clock } = bench
  const { log, lines } = createTestLog()
  const api = createKubernetesApi({ control, clock, log, token: TOKEN })
  const port = await serveHandler(api)
  const url = `http://127.0.0.1:${port}/_kubernetes`
  return {
    ...bench,
    lines,
    port,
    url,
    async ask(method, path, body, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const { status, headers: answered } = response
      return { status, headers: answered, body: text.startsWith('{') ? JSON.parse(text) : { text } }
    },
  }
}

/** The events of a watch, one after the other. */
export async function* readWatch(
  { url }: ApiBench,
  path: string,
): AsyncGenerator<{ type: string; object: Record<string, never> }> {
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  const response = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
    signal: controller.signal,
  })
  let rest = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
}
