/** One replica of a revision: one operating-system process in a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { Agent } from 'node:http'
import type { Log } from '../log.ts'
import type { RevisionTemplate } from '../manifests/types.ts'
import { type ContainerTemplate, toContainerCommand } from './container-command.ts'
import { awaitIdle } from './drain.ts'
import { toExitCode, toHow } from './exit-status.ts'
import type { ProcessGuard } from './guard.ts'
import { createH2cSessions, type H2cSessions } from './h2c-sessions.ts'
import { followHealth, type Probes } from './health.ts'
import { createOutputCapture } from './output.ts'
import type { Ports } from './ports.ts'

/** How to run a function: what a container image's entry point is on a cluster. */
export interface RunCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** What the image sets; the Service's own variables are stronger. */
  readonly env?: Readonly<Record<string, string>>
  /** Who runs it, when that is not who runs the emulator. */
  readonly uid?: number
}

/** Why a replica never became ready. */
export interface StartFailure {
  /** `ExitCode<N>` as on a cluster, or what kept the process from running at all. */
  readonly reason: string
  readonly message: string
  /** The last lines that the process printed. */
  readonly tail: readonly string[]
}

/** `starting` has no traffic yet, or none until its readiness probe passes again; `draining` gets none any more. */
export type ReplicaPhase = 'starting' | 'ready' | 'draining' | 'gone'

/** A replica as the revision and the proxy use it; `inFlight` is kept by the revision. */
export interface Replica {
  /** Connections of HTTP/1.1. */
  readonly agent: Agent
  /** Connections of HTTP/2, for a port named `h2c`. */
  readonly h2c: H2cSessions | undefined
  readonly port: number
  readonly phase: ReplicaPhase
  inFlight: number
  /** How many of them are switched connections, which a drain does not wait for long; kept by the proxy. */
  switched: number
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
  /** For switched connections, when nothing else runs any more. */
  readonly switchedMs?: number
}

/** What a replica is made of, and whom it tells. */
export interface ReplicaOptions {
  readonly scope: string
  /** What the image would run. */
  readonly plan: () => Promise<RunCommand>
  readonly environment: (image: RunCommand['env']) => Readonly<Record<string, string>>
  readonly template: Probes & ContainerTemplate & Pick<RevisionTemplate, 'portName'>
  readonly deadlineMs: number
  readonly log: Log
  readonly guard: ProcessGuard
  readonly ports: Ports
  /** It takes traffic: after its start, or `again` after it could not for a while. */
  readonly onReady: (startMs: number, again: boolean) => void
  /** Its readiness probe fails: it takes no traffic until it passes again. */
  readonly onUnready: (how: string) => void
  /** Its liveness probe failed: it is to be replaced. */
  readonly onSick: (how: string) => void
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
  /** What its start took; undefined while it has never been ready. */
  let startMs: number | undefined
  let port = 0
  let h2c: H2cSessions | undefined
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
    get h2c(): H2cSessions | undefined {
      return h2c
    },
    inFlight: 0,
    switched: 0,
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
    const [image, free] = await Promise.all([options.plan(), ports.take()])
    port = free
    if (phase !== 'starting') return release()
    if (options.template.portName === 'h2c') h2c = createH2cSessions(port)
    const environment = toEnvironment(image)
    const plan = toContainerCommand(image, options.template, environment)
    launch(plan, environment)
    const late = setTimeout(() => {
      end({
        reason: 'ProgressDeadlineExceeded',
        message: `not ready after ${options.deadlineMs / 1_000} s`,
        tail: output.tail(),
      })
    }, options.deadlineMs)
    const isH2c = options.template.portName === 'h2c'
    const target = { port, isH2c, cwd: plan.cwd, environment }
    await followHealth(options.template, target, stopProbing.signal, {
      onReady: () => {
        clearTimeout(late)
        if (phase !== 'starting') return
        phase = 'ready'
        const again = startMs !== undefined
        startMs ??= performance.now() - begun
        options.onReady(startMs, again)
      },
      onUnready: how => {
        if (phase !== 'ready') return
        phase = 'starting'
        options.onUnready(how)
      },
      onSick: how => {
        stopProbing.abort()
        if (startMs !== undefined) options.onSick(how)
        else end({ reason: 'Unhealthy', message: how, tail: output.tail() })
      },
    })
    clearTimeout(late)
  }

  function toEnvironment({ env }: RunCommand): Record<string, string> {
    return { ...options.environment(env), ...guard.environment, PORT: String(port) }
  }

  function launch(plan: RunCommand, env: Record<string, string>): void {
    child = spawn(plan.command, plan.args, {
      cwd: plan.cwd,
      detached: true,
      ...(plan.uid !== undefined && { uid: plan.uid }),
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
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
      if (phase === 'starting' && startMs === undefined) child?.once('close', settle)
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
    if (before === 'starting' && startMs === undefined) options.onFailed(failure)
    else options.onGone(before === 'draining', failure.message)
  }

  function release(): void {
    agent.destroy()
    h2c?.destroy()
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

  async function stop(limits: DrainLimits): Promise<void> {
    const { requestsMs, terminationMs, switchedMs = SWITCHED_DRAIN_MS } = limits
    if (phase === 'gone') return
    phase = 'draining'
    stopProbing.abort()
    if (replica.inFlight > 0) {
      const waiting = awaitIdle(replica, { requestsMs, switchedMs })
      onIdle = waiting.look
      await waiting.over
    }
    if (child === undefined || groupGone) return end(STOPPED)
    // A server that waits for its connections to end need not wait for ours.
    if (replica.inFlight === 0) agent.destroy()
    h2c?.close()
    child.kill('SIGTERM')
    const force = setTimeout(killGroup, terminationMs)
    await finished
    clearTimeout(force)
  }
}

const OUTPUT_GRACE_MS = 250
/** Queue-proxy's `hijackDrainDuration`. */
const SWITCHED_DRAIN_MS = 60_000
/** The kernel closes the sockets of a dying process a little before we hear of its end. */
const BREAK_GRACE_MS = 25
const STOPPED: StartFailure = { reason: 'Stopped', message: 'was stopped', tail: [] }
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const toMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
