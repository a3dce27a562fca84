/** One replica of a revision: one operating-system process in a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { Agent } from 'node:http'
import type { Log } from '../log.ts'
import type { ReadinessProbe } from '../manifests/types.ts'
import type { ProcessGuard } from './guard.ts'
import { createOutputCapture } from './output.ts'
import type { Ports } from './ports.ts'
import { awaitReadiness } from './readiness.ts'

/** How to run a function: what a container image's entry point is on a cluster. */
export interface RunCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** What the image sets; the Service's own variables are stronger. */
  readonly env?: Readonly<Record<string, string>>
}

/** Why a replica never became ready. */
export interface StartFailure {
  /** `ExitCode<N>` as on a cluster, or what kept the process from running at all. */
  readonly reason: string
  readonly message: string
  /** The last lines that the process printed. */
  readonly tail: readonly string[]
}

/** `starting` has no traffic yet, `draining` gets none any more. */
export type ReplicaPhase = 'starting' | 'ready' | 'draining' | 'gone'

/** A replica as the revision and the proxy use it; `inFlight` is kept by the revision. */
export interface Replica {
  readonly agent: Agent
  readonly port: number
  readonly phase: ReplicaPhase
  inFlight: number
  /** Takes no new request, waits for the running ones, then SIGTERM, then SIGKILL. Idempotent. */
  drain(limits: DrainLimits): Promise<void>
  /** Nobody listens on its port any more, whatever its process says. */
  lost(): void
  /** Resolves when a broken connection turned out to be the process's end, or shortly after when it was not. */
  settled(): Promise<void>
  /** To be called when `inFlight` fell to zero. */
  idle(): void
}

/** Real time: a process works in real time whatever the clock's scale is. */
export interface DrainLimits {
  readonly requestsMs: number
  readonly terminationMs: number
}

/** What a replica is made of, and whom it tells. */
export interface ReplicaOptions {
  readonly scope: string
  readonly plan: () => Promise<RunCommand>
  readonly environment: (image: RunCommand['env']) => Readonly<Record<string, string>>
  readonly probe: ReadinessProbe
  readonly deadlineMs: number
  readonly log: Log
  readonly guard: ProcessGuard
  readonly ports: Ports
  readonly onReady: (startMs: number) => void
  readonly onFailed: (failure: StartFailure) => void
  /** The process of a ready or draining replica ended; `expected` when we asked for it. */
  readonly onGone: (expected: boolean, how: string) => void
}

/** Servers commonly close idle connections after 5 s; we let go first, so that no request meets a closing one. */
const IDLE_CONNECTION_MS = 4_000

/** Starts a process and follows it to its end. */
export function createReplica(options: ReplicaOptions): Replica {
  const { log, guard, ports, scope } = options
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: IDLE_CONNECTION_MS })
  const output = createOutputCapture(line => log.output(scope, line))
  const stopProbing = new AbortController()
  const begun = performance.now()
  let phase: ReplicaPhase = 'starting'
  let port = 0
  let child: ChildProcess | undefined
  let groupGone = false
  let finish = (): void => {}
  const finished = new Promise<void>(resolve => {
    finish = resolve
  })
  let draining: Promise<void> | undefined
  let onIdle = (): void => {}

  const replica = {
    agent,
    inFlight: 0,
    get port(): number {
      return port
    },
    get phase(): ReplicaPhase {
      return phase
    },
    drain: (limits: DrainLimits): Promise<void> => {
      draining ??= stop(limits)
      return draining
    },
    lost: (): void => end({ reason: 'Lost', message: 'stopped listening', tail: [] }),
    settled: (): Promise<void> => Promise.race([finished, pause(BREAK_GRACE_MS)]),
    idle: (): void => onIdle(),
  }

  start().catch((error: unknown) => {
    end({ reason: 'StartError', message: toMessage(error), tail: output.tail() })
  })
  return replica

  async function start(): Promise<void> {
    const [plan, free] = await Promise.all([options.plan(), ports.take()])
    port = free
    if (phase !== 'starting') return release()
    launch(plan)
    const late = setTimeout(() => {
      end({
        reason: 'ProgressDeadlineExceeded',
        message: `not ready after ${options.deadlineMs / 1_000} s`,
        tail: output.tail(),
      })
    }, options.deadlineMs)
    const ready = await awaitReadiness(options.probe, port, stopProbing.signal)
    clearTimeout(late)
    if (!ready || phase !== 'starting') return
    phase = 'ready'
    options.onReady(performance.now() - begun)
  }

  function launch(plan: RunCommand): void {
    child = spawn(plan.command, plan.args, {
      cwd: plan.cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...options.environment(plan.env), ...guard.environment, PORT: String(port) },
    })
    if (child.pid !== undefined) guard.add(child.pid)
    if (child.stdout) output.attach(child.stdout)
    if (child.stderr) output.attach(child.stderr)
    child.once('error', error => {
      end({
        reason: 'StartError',
        message: `cannot run ${plan.command}: ${error.message}`,
        tail: [],
      })
    })
    child.once('exit', (code, signal) => {
      killGroup()
      groupGone = true
      const settle = (): void => {
        clearTimeout(patience)
        end({
          reason: `ExitCode${toExitCode(code, signal)}`,
          message: toHow(code, signal),
          tail: output.tail(),
        })
      }
      // The reason of a failed start is in the last lines, which are read by `close`. A process that left the group
      // may hold the pipes open, so the wait is short.
      const patience = setTimeout(settle, OUTPUT_GRACE_MS)
      if (phase === 'starting') child?.once('close', settle)
      else settle()
    })
  }

  /** The one way out of every phase. */
  function end(failure: StartFailure): void {
    if (phase === 'gone') return
    const before = phase
    phase = 'gone'
    stopProbing.abort()
    killGroup()
    release()
    if (before === 'starting') options.onFailed(failure)
    else options.onGone(before === 'draining', failure.message)
  }

  function release(): void {
    agent.destroy()
    if (child?.pid !== undefined) guard.remove(child.pid)
    if (port !== 0) ports.give(port)
    onIdle()
    finish()
  }

  /** The process and whatever it started, which a container's end would take along. */
  function killGroup(): void {
    if (child?.pid === undefined || groupGone) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // ESRCH: the group is empty already.
    }
  }

  async function stop({ requestsMs, terminationMs }: DrainLimits): Promise<void> {
    if (phase === 'gone') return
    const served = phase === 'ready'
    phase = 'draining'
    stopProbing.abort()
    if (served && replica.inFlight > 0) await untilIdle(requestsMs)
    if (child === undefined || groupGone) return end(STOPPED)
    child.kill('SIGTERM')
    const force = setTimeout(killGroup, terminationMs)
    await finished
    clearTimeout(force)
  }

  function untilIdle(limitMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, limitMs)
      onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

const OUTPUT_GRACE_MS = 250
/** The kernel closes the sockets of a dying process a little before we hear of its end. */
const BREAK_GRACE_MS = 25
const STOPPED: StartFailure = { reason: 'Stopped', message: 'was stopped', tail: [] }
const SIGNAL_BASE = 128
const SIGNALS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
}

/** A process killed by a signal reports 128 + its number, as a container does. */
function toExitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? SIGNAL_BASE + (SIGNALS[signal ?? ''] ?? 0)
}

function toHow(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const toMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
