/** Keeps an emulator running on one state directory: kills it with -9 and starts it again, and watches its memory. */
import type { Children } from '../bench/children.ts'
import { type EmulatorProcess, startEmulator } from '../bench/emulator-process.ts'
import { openFiles, processesWith, residentMib } from './processes.ts'

/** A look at the emulator. */
export interface Sample {
  /** Which life of it. */
  readonly generation: number
  /** Seconds since that life began. */
  readonly second: number
  /** Resident, just after a full collection. */
  readonly mib: number
  readonly files: number
}

/** The emulator over all its lives. */
export interface Keeper {
  readonly generation: number
  /** Resolves with the running one, as soon as there is one. */
  up(): Promise<EmulatorProcess>
  /** `kill -9`, a look for orphans, a new start on the same directory. */
  restart(): Promise<void>
  /** Kills a random function process of this life; says whether there was one. */
  killFunction(pick: (pids: readonly number[]) => number | undefined): boolean
  readonly samples: readonly Sample[]
  /** Function processes that outlived their emulator. */
  readonly orphans: readonly number[]
  /** Ends it in order. @returns whether it ended by itself in time */
  stop(): Promise<boolean>
  /** Watches no more, and kills functions that are left. */
  close(): void
}

/** What the emulator is started with. */
export interface KeeperOptions {
  readonly children: Children
  readonly directory: string
  readonly manifests: string
  /** Marks every function of this soak. */
  readonly run: string
  readonly ledger: string
}

/** The guard of a killed emulator looks for a second for what was just being born. */
const ORPHAN_LIMIT_MS = 15_000
/** V8 lets its young generation grow by a hundred MiB over minutes, and collects the old one late: neither is kept. */
const NODE_ARGS = ['--max-semi-space-size=4', '--expose-gc']
const COLLECTED_AFTER_MS = 300
const STOP_LIMIT_MS = 30_000
const SAMPLE_MS = 2_000

/** Starts the first life. @throws Error with the emulator's output when it does not start */
export async function createKeeper(options: KeeperOptions): Promise<Keeper> {
  const { children, directory, manifests, run, ledger } = options
  const samples: Sample[] = []
  const orphans: number[] = []
  let generation = 0
  let begun = performance.now()
  let current = launch()
  await current
  const sampling = setInterval(() => void sample(), SAMPLE_MS)

  function launch(): Promise<EmulatorProcess> {
    generation++
    begun = performance.now()
    const env = { SOAK_RUN: run, SOAK_GENERATION: String(generation), SOAK_LEDGER: ledger }
    const launched = startEmulator(children, { directory, manifests, env }, NODE_ARGS)
    // Whoever waits for it is told; nobody may be waiting.
    launched.catch(() => {})
    return launched
  }

  const functions = (): number[] =>
    processesWith([`SOAK_RUN=${run}`, `SOAK_GENERATION=${generation}`])

  async function sample(): Promise<void> {
    const life = generation
    const { child } = await current
    if (life !== generation || !child.process.kill('SIGUSR2')) return
    await new Promise(resolve => setTimeout(resolve, COLLECTED_AFTER_MS))
    const pid = child.process.pid ?? 0
    const [mib, files] = [residentMib(pid), openFiles(pid)]
    if (mib === undefined || files === undefined || life !== generation) return
    samples.push({ generation, second: (performance.now() - begun) / 1_000, mib, files })
  }

  function kill(pid: number): boolean {
    try {
      return process.kill(pid, 'SIGKILL')
    } catch {
      return false
    }
  }

  async function settleOrphans(): Promise<void> {
    const deadline = performance.now() + ORPHAN_LIMIT_MS
    while (functions().length > 0) {
      if (performance.now() > deadline) {
        orphans.push(...functions())
        return
      }
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  return {
    get generation() {
      return generation
    },
    up: () => current,
    async restart() {
      const dying = await current
      const next = Promise.withResolvers<EmulatorProcess>()
      next.promise.catch(() => {})
      current = next.promise
      await dying.child.kill()
      await settleOrphans()
      launch().then(next.resolve, next.reject)
      await next.promise
    },
    killFunction(pick) {
      const pid = pick(functions())
      return pid !== undefined && kill(pid)
    },
    samples,
    orphans,
    async stop() {
      const { child } = await current
      const exited = new Promise<boolean>(resolve => {
        child.process.once('exit', () => resolve(true))
        setTimeout(() => resolve(false), STOP_LIMIT_MS).unref()
      })
      child.process.kill('SIGTERM')
      const inTime = await exited
      await child.kill()
      await settleOrphans()
      return inTime
    },
    close() {
      clearInterval(sampling)
      for (const pid of processesWith([`SOAK_RUN=${run}`])) kill(pid)
    },
  }
}
