/** Streams one request to a replica and its answer back, under the revision's limits. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Admission, Refusal } from './admission.ts'
import { hasBody } from './client-message.ts'
import { breakOff, isWhole, relayAnswer, sendBody } from './downstream.ts'
import { toClientHeaders, toFunctionHeaders } from './forward-headers.ts'
import { relayInformation } from './information.ts'
import { answerNetworkProbe } from './network-probe.ts'
import type { Replica } from './replica.ts'
import type { Revision } from './revision.ts'
import { createTimeouts, toTimeoutText } from './timeouts.ts'
import { type Answer, type Failure, sendUpstream, type Upstream } from './upstream.ts'

/** Methods that may be sent again when a kept connection turned out to be closed. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT'])

/** Takes the request: holds it until a replica is free, then streams both ways. */
export function proxy(
  revision: Revision,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.headers['k-network-probe'] !== undefined) {
    return void answerNetworkProbe(revision, request, response)
  }
  let upstream: Upstream | undefined
  let given: Answer | undefined
  let left = false
  const timeouts = createTimeouts(revision.service.template, onTimeout)
  const withBody = hasBody(request)
  const admission: Admission = {
    run: replica => {
      if (!left) send(replica)
    },
    refuse: answer,
  }
  const proxied = revision.proxied()
  // Fires in every case: answered, broken, or the client gone.
  response.once('close', () => {
    left = true
    timeouts.clear()
    if (!isWhole(response)) upstream?.destroy()
    revision.leave(admission)
  })
  revision.admit(admission)

  function send(replica: Replica, again: boolean = false): void {
    const sent = sendUpstream(
      replica,
      {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: toFunctionHeaders(request, { proxied }),
        hasBody: withBody,
      },
      {
        onAnswer: relay,
        onInformation: (status, headers) => {
          if (!left && !response.headersSent) relayInformation(response, status, headers)
        },
        onWritable: body => sendBody(request, body),
        onFailure: failure => {
          if (!left && upstream === sent) failed(failure, replica, again)
        },
      },
    )
    upstream = sent
  }

  function failed({ refused, stale, invalid }: Failure, replica: Replica, again: boolean): void {
    if (response.headersSent) return void breakOff(response)
    if (invalid) return void answer(INVALID)
    if (refused) {
      upstream = undefined
      return void revision.readmit(admission)
    }
    const repeatable = !withBody && REPEATABLE.has(request.method ?? '')
    if (stale && repeatable && !again) return void send(replica, true)
    replica.settled().then(() => {
      answer({ status: 502, text: `revision ${revision.name} broke the connection` })
    })
  }

  function relay(next: Answer): void {
    if (left || response.headersSent) return void next.body.destroy()
    given = next
    timeouts.started()
    const onWrite = timeouts.watchesWrites ? timeouts.wrote : undefined
    if (!relayAnswer(response, next, toClientHeaders(next), onWrite)) next.body.destroy()
  }

  function onTimeout(): void {
    const text = toTimeoutText(proxied)
    if (!response.headersSent) answer({ status: 504, text })
    else if (given?.contentLength !== undefined) breakOff(response)
    else {
      // The status is said already, so the text is appended and the body ends with it, as queue-proxy does.
      given?.body.unpipe(response)
      response.end(text)
    }
    upstream?.destroy()
  }

  function answer({ status, text, retryAfter }: Refusal): void {
    if (left || response.headersSent) return
    response.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    })
    response.end(request.method === 'HEAD' ? undefined : text)
  }
}

/** What a client sends may be nothing that can be sent on; that is its mistake, not the emulator's. */
const INVALID: Refusal = {
  status: 400,
  text: 'the request has a head that cannot be passed on',
}
