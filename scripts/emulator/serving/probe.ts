/** One try of a probe. */
import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { ProbeCheck } from '../manifests/types.ts'
import { tryGrpc } from './probe-grpc.ts'
import { tryHttp2 } from './probe-http2.ts'

/** The process that is asked. */
export interface ProbeTarget {
  readonly port: number
  /** Whether its port is named `h2c`. */
  readonly isH2c: boolean
  /** Where commands run, as they would in its container. */
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
}

/** Why it is not well; undefined when it is. */
export type ProbeResult = string | undefined

/** Asks once; a try that takes longer than the limit has failed. */
export function tryProbe(
  check: ProbeCheck,
  target: ProbeTarget,
  limitMs: number,
): Promise<ProbeResult> {
  switch (check.kind) {
    case 'tcp':
      return tryTcp(target.port, limitMs)
    case 'http':
      return tryHttp(check, target, limitMs)
    case 'grpc':
      return tryGrpc(check.service, target.port, limitMs)
    case 'exec':
      return tryCommand(check.command, target, limitMs)
  }
}

/** What the kubelet sends; Knative adds the second so that meshes know its probes. */
export const PROBE_HEADERS: Readonly<Record<string, string>> = {
  'user-agent': 'kube-probe/1.34',
  'k-kubelet-probe': 'queue',
}

function tryTcp(port: number, limitMs: number): Promise<ProbeResult> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.setTimeout(limitMs, () => socket.destroy())
    socket.once('connect', () => {
      socket.end()
      resolve(undefined)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(`TCP probe failed: ${error.code}`))
    socket.once('close', () => resolve(`TCP probe failed: no connection within ${limitMs} ms`))
  })
}

/** 2xx and 3xx pass. A cluster asks ports named `h2c` over HTTP/1.1 too; those that know HTTP/2 only are asked so. */
async function tryHttp(
  check: ProbeCheck & { kind: 'http' },
  target: ProbeTarget,
  limitMs: number,
): Promise<ProbeResult> {
  const headers = { ...PROBE_HEADERS, ...check.headers }
  const first = await tryHttp1({ path: check.path, headers }, target.port, limitMs)
  if (typeof first === 'number') return isWell(first) ? undefined : failed(first)
  if (!target.isH2c) return `HTTP probe failed: ${first}`
  const second = await tryHttp2({ path: check.path, headers }, target.port, limitMs)
  if (typeof second !== 'number') return `HTTP probe failed: ${second}`
  return isWell(second) ? undefined : failed(second)
}

const isWell = (status: number): boolean => status >= 200 && status < 400

const failed = (status: number): string => `HTTP probe failed with statuscode: ${status}`

/** The status, or why there is none. */
function tryHttp1(
  { path, headers }: { path: string; headers: Record<string, string> },
  port: number,
  limitMs: number,
): Promise<number | string> {
  return new Promise(resolve => {
    const attempt = request({ port, host: '127.0.0.1', path, headers, agent: false })
    // The connection may be quick and the answer slow: the whole try is limited.
    const limit = setTimeout(() => {
      resolve(`no answer within ${limitMs} ms`)
      attempt.destroy()
    }, limitMs)
    attempt.once('response', response => {
      response.resume()
      response.on('error', () => {})
      resolve(response.statusCode ?? 0)
    })
    attempt.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    attempt.once('close', () => clearTimeout(limit))
    attempt.end()
  })
}

function tryCommand(
  [command = '', ...args]: readonly string[],
  { cwd, environment }: ProbeTarget,
  limitMs: number,
): Promise<ProbeResult> {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd,
      env: environment,
      stdio: 'ignore',
      timeout: limitMs,
      killSignal: 'SIGKILL',
    })
    child.once('error', error => resolve(`exec probe failed: ${error.message}`))
    child.once('exit', (code, signal) => {
      if (code === 0) resolve(undefined)
      else resolve(`exec probe failed: ${signal ? `killed by ${signal}` : `exited with ${code}`}`)
    })
  })
}
