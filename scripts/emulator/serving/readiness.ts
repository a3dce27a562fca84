/** Polls a starting replica until it can serve; fast at first, because every millisecond is waited for. */
import { request } from 'node:http'
import { connect } from 'node:net'
import type { ReadinessProbe } from '../manifests/types.ts'

const FIRST_POLL_MS = 3
const MAX_POLL_MS = 50
/** Fast polling lasts about as long as a usual start. */
const FAST_POLLS = 100
const BACKOFF = 1.2
const TRY_TIMEOUT_MS = 1_000

/** Resolves true when the probe passed, false when the signal stopped it first. */
export async function awaitReadiness(
  probe: ReadinessProbe,
  port: number,
  signal: AbortSignal,
): Promise<boolean> {
  const attempt = probe.kind === 'http' ? () => tryHttp(probe, port) : () => tryTcp(port)
  if (probe.initialDelaySeconds > 0) await pause(probe.initialDelaySeconds * 1_000, signal)
  let waitMs = FIRST_POLL_MS
  let passed = 0
  for (let polls = 0; !signal.aborted; polls++) {
    passed = (await attempt()) ? passed + 1 : 0
    if (passed >= probe.successThreshold) return !signal.aborted
    await pause(waitMs, signal)
    if (polls > FAST_POLLS) waitMs = Math.min(MAX_POLL_MS, waitMs * BACKOFF)
  }
  return false
}

function tryTcp(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.setTimeout(TRY_TIMEOUT_MS, () => socket.destroy())
    socket.once('connect', () => {
      socket.end()
      resolve(true)
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve(false))
  })
}

/** 2xx and 3xx pass, as with the kubelet. */
function tryHttp(probe: ReadinessProbe & { kind: 'http' }, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const attempt = request({
      port,
      host: '127.0.0.1',
      path: probe.path,
      agent: false,
      timeout: TRY_TIMEOUT_MS,
      headers: { 'user-agent': 'kube-probe/1.34', ...probe.headers },
    })
    attempt.once('timeout', () => attempt.destroy())
    attempt.once('response', response => {
      const status = response.statusCode ?? 0
      response.resume()
      resolve(status >= 200 && status < 400)
    })
    attempt.on('error', () => resolve(false))
    attempt.end()
  })
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
