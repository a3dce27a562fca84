/** Runs the jobs of JobSinks: a process per try, back-off between tries, a few at once. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cancel, Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { JobSinkResource, PodTemplate } from '../../manifests/eventing-types.ts'
import type { ProcessGuard } from '../../serving/guard.ts'
import { createLanes } from '../lanes.ts'
import { type ProcessEnd, type RunningProcess, runProcess } from '../sources/run-process.ts'
import { toWorkload, type Workshop } from '../sources/workload.ts'
import type { JobRecord, JobStore } from './job-store.ts'

/** Starts and stops jobs; how they stand is in the store. */
export interface JobRunner {
  /** Begins, or takes up again, an unfinished job. */
  start(key: string): void
  /** Ends the running try, and plans no other. */
  stop(key: string): void
  /** Whether a try of it runs, or waits only for its turn. */
  isActive(key: string): boolean
  /** Ends all; what has not finished stays unfinished in the store. */
  close(): Promise<void>
}

/** Tries that run at once; a cluster has more room, and waits for it in the same way. */
const CONCURRENCY = 4
/** The Job controller's waits: 10 s, doubled up to 6 minutes. */
const FIRST_WAIT_MS = 10_000
const MAX_WAIT_MS = 360_000
/** Real time between SIGTERM and SIGKILL. */
const GRACE_MS = 5_000

/** One that runs, or waits for its turn. */
interface Try {
  process?: RunningProcess
}

/** A runner that has nothing to do yet. `find` gives the JobSink of a job, while there is one. */
export function createJobRunner(options: {
  jobs: () => JobStore
  clock: Clock
  log: Log
  guard: ProcessGuard
  workshop: Workshop
  /** Where each process finds its event: a folder of its own with the file `event` in it, as it is mounted on a cluster. */
  directory: string
  find: (namespace: string, name: string) => JobSinkResource | undefined
  /** What SinkBindings put into the environment of a job. */
  bind: (sink: JobSinkResource, job: JobRecord) => PodTemplate
  /** A job began a try, waits for the next, or finished. */
  onChange: (key: string) => void
}): JobRunner {
  const { jobs, clock, log, guard, workshop, find } = options
  const lanes = createLanes({ limit: CONCURRENCY })
  const active = new Map<string, Try>()
  const waiting = new Map<string, Cancel>()
  let closing = false

  function start(key: string): void {
    const job = jobs().get(key)
    if (closing || job?.state !== 'running' || active.has(key) || waiting.has(key)) return
    const entry = {}
    active.set(key, entry)
    options.onChange(key)
    lanes.push('jobs', () => attempt(job, entry))
  }

  async function attempt(job: JobRecord, entry: Try): Promise<void> {
    const { key } = job
    // Stopped before its turn; what was started anew since has a turn of its own.
    if (active.get(key) !== entry) return
    const sink = find(job.namespace, job.sink)
    if (!sink || closing) return void active.delete(key)
    const deadlineMs = (sink.activeDeadlineSeconds ?? Number.POSITIVE_INFINITY) * 1_000
    const remainingMs = job.created + deadlineMs - clock.now()
    let late = remainingMs <= 0
    let end: ProcessEnd = { how: 'was not started', tail: [] }
    const folder = join(options.directory, key)
    try {
      if (!late) {
        const { plan, environment } = await toWorkload(sink, options.bind(sink, job), workshop)
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        writeFileSync(join(folder, 'event'), jobs().event(key), { mode: 0o600 })
        if (active.get(key) !== entry || closing) return
        const process = runProcess({
          plan,
          guard,
          environment: { ...environment, K_EVENT_PATH: folder },
          onLine: line => log.output(job.sink, line),
        })
        entry.process = process
        const cancel = Number.isFinite(remainingMs)
          ? clock.after(remainingMs, () => {
              late = true
              void process.stop(GRACE_MS)
            })
          : () => {}
        end = await process.ended
        cancel()
      }
    } catch (error) {
      end = { how: error instanceof Error ? error.message : String(error), tail: [] }
    } finally {
      const isOurs = active.get(key) === entry
      // Another try of the same event has its folder there, and removes it.
      if (isOurs || !active.has(key)) rmSync(folder, { recursive: true, force: true })
      if (isOurs) active.delete(key)
      // Stopped from outside: the try does not count, and the job, if it is still there, is taken up again.
      if (isOurs && !closing) conclude(sink, key, end, late)
    }
  }

  function conclude(sink: JobSinkResource, key: string, end: ProcessEnd, late: boolean): void {
    const job = jobs().get(key)
    if (!job) return
    const tries = job.tries + 1
    const fields = { id: job.id, source: job.source }
    if (end.code === 0 && !late) {
      jobs().update(key, { state: 'complete', tries, ended: clock.now() })
      log.info(job.sink, 'job complete', fields)
    } else if (late || tries > sink.backoffLimit) {
      const reason = late ? 'DeadlineExceeded' : 'BackoffLimitExceeded'
      jobs().update(key, { state: 'failed', tries, ended: clock.now(), reason })
      log.error(job.sink, `job failed (${reason}): the last try ${end.how}`, fields)
    } else {
      const waitMs = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** job.tries)
      jobs().update(key, { tries })
      log.warn(job.sink, `job ${end.how}; next try in ${waitMs / 1_000} s`, fields)
      const cancel = clock.after(waitMs, () => {
        waiting.delete(key)
        start(key)
      })
      waiting.set(key, cancel)
    }
    options.onChange(key)
  }

  async function halt(key: string): Promise<void> {
    waiting.get(key)?.()
    waiting.delete(key)
    const { process } = active.get(key) ?? {}
    active.delete(key)
    await process?.stop(GRACE_MS)
  }

  return {
    start,
    stop: key => void halt(key),
    isActive: key => active.has(key),
    async close() {
      closing = true
      await Promise.all([...waiting.keys(), ...active.keys()].map(halt))
      await lanes.close()
    },
  }
}
