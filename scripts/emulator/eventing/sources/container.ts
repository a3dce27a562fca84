/** Keeps ContainerSources: one process each, always on, started again when it ends. */
import type { Cancel } from '../../clock.ts'
import type { ContainerSourceResource } from '../../manifests/eventing-types.ts'
import type { ProcessGuard } from '../../serving/guard.ts'
import { createStartBackoff } from '../../serving/start-backoff.ts'
import { type Controller, createController, type Surroundings } from '../controller.ts'
import { createShelf, type Held } from '../shelf.ts'
import { toVariables } from './injection.ts'
import { type RunningProcess, runProcess } from './run-process.ts'
import { toWorkload, type Workshop } from './workload.ts'

/** Real time that a process gets between SIGTERM and SIGKILL. */
const GRACE_MS = 5_000
/** Real time; a process that lived this long starts the back-off anew. */
const STABLE_MS = 10_000

interface Runner {
  readonly print: string
  stop(): Promise<void>
}

/** The controller of ContainerSources. */
export function createContainerSources(
  around: Surroundings,
  { guard, ...workshop }: Workshop & { readonly guard: ProcessGuard },
): Controller<ContainerSourceResource> {
  const { clock, log, changed } = around
  const shelf = createShelf<ContainerSourceResource, Runner>({
    clock,
    apiVersion: 'sources.knative.dev/v1',
    dependents: ['SinkBindingReady', 'ReceiveAdapterReady'],
  })
  const stopping = new Set<Promise<void>>()

  function mark(held: Held<ContainerSourceResource, Runner>): void {
    const { resource, conditions } = held
    const found = around.resolve(resource.sink, 'sink')
    if ('error' in found) {
      conditions.set('SinkBindingReady', 'False', { reason: 'NotFound', message: found.error })
      held.status = {}
      end(held)
      return
    }
    conditions.set('SinkBindingReady', 'True')
    held.status = { sinkUri: found.url }
    const print = JSON.stringify([resource.spec, found.url])
    if (held.own?.print === print) return
    end(held)
    held.own = { print, stop: start(held, found.url) }
  }

  function end(held: Held<ContainerSourceResource, Runner>): void {
    const { own: runner } = held
    held.own = undefined
    if (!runner) return
    const stopped = runner.stop().finally(() => stopping.delete(stopped))
    stopping.add(stopped)
  }

  /** Runs until the returned function is called. */
  function start({ resource, conditions }: Held<ContainerSourceResource>, url: string) {
    const backoff = createStartBackoff(clock)
    let process: RunningProcess | undefined
    let stopped = false
    let cancel: Cancel = () => {}

    const isCurrent = (): boolean => !stopped

    async function run(): Promise<void> {
      try {
        const { plan, environment } = await toWorkload(resource, resource.template, workshop)
        if (stopped) return
        const begun = performance.now()
        process = runProcess({
          plan,
          guard,
          environment: { ...environment, ...toRecord(toVariables(url, resource.overrides)) },
          onLine: line => log.output(resource.name, line),
          onStarted: () => {
            if (!isCurrent()) return
            conditions.set('ReceiveAdapterReady', 'True')
            changed()
          },
        })
        const { how } = await process.ended
        process = undefined
        if (performance.now() - begun >= STABLE_MS) backoff.succeed()
        again(how)
      } catch (error) {
        again(error instanceof Error ? error.message : String(error))
      }
    }

    function again(why: string): void {
      if (stopped) return
      backoff.fail({ reason: 'Exited', message: why, tail: [] })
      const waitMs = backoff.remainingMs()
      log.warn(resource.name, `${why}; starts again in ${waitMs / 1_000} s`)
      conditions.set('ReceiveAdapterReady', 'False', {
        reason: 'MinimumReplicasUnavailable',
        message: `Deployment does not have minimum availability: the process ${why}`,
      })
      changed()
      cancel = clock.after(waitMs, () => void run())
    }

    void run()
    return async () => {
      stopped = true
      cancel()
      await process?.stop(GRACE_MS)
    }
  }

  return {
    ...createController(shelf, around, { mark, gone: end }),
    async close() {
      shelf.all().forEach(end)
      await Promise.all(stopping)
    },
  }
}

const toRecord = (variables: readonly { name: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(variables.map(({ name, value }) => [name, value]))
