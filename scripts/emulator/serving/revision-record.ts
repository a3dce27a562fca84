/** A Revision as an object: its identity and conditions, and the running revision behind them. */
import type { Cancel } from '../clock.ts'
import { type ConditionSet, type ConditionStatus, createConditions } from '../control/conditions.ts'
import { createIdentity, type Identity } from '../control/object.ts'
import { progressDeadlineMs } from './progress-deadline.ts'
import type { RunCommand, StartFailure } from './replica.ts'
import { createRevision, type Revision, type RevisionOptions } from './revision.ts'
import { readScaleSettings, type ScaleSettings, toInitialReplicas } from './scale-settings.ts'

/** `pending` was never routed to, `reserve` was and is not any more. */
export type RoutingState = 'pending' | 'active' | 'reserve'

/** What a record is made of. */
export interface RevisionRecordOptions extends Omit<RevisionOptions, 'onState'> {
  /** Of the Configuration, when it made this. */
  readonly generation: number
  /** The template as the API shows it. */
  readonly template: Readonly<Record<string, unknown>>
  /** Taken without proof unless its template asks for an initial scale, as what `npm start` finds. */
  readonly adopted: boolean
  /** Once before each start of a process; an error fails the start. */
  readonly prepare: () => void
  /** It became ready, or failed, or recovered. */
  readonly onReadiness: () => void
  /** Anything that its objects show changed. */
  readonly onChange: () => void
}

/** A Revision. */
export interface RevisionRecord {
  readonly name: string
  readonly generation: number
  readonly template: Readonly<Record<string, unknown>>
  readonly revision: Revision
  readonly identity: Identity
  readonly createdAt: number
  readonly adopted: boolean
  readonly settings: ScaleSettings
  /** `ResourcesAvailable`, `ContainerHealthy`, and `Active` for information. */
  readonly conditions: ConditionSet
  /** `Active`, `SKSReady`, `ScaleTargetInitialized` of its PodAutoscaler. */
  readonly scaling: ConditionSet
  /** What it runs, once that is known. */
  command(): RunCommand | undefined
  readiness(): ConditionStatus
  /** Why it is not ready. */
  failure(): StartFailure | undefined
  routing(): { readonly state: RoutingState; readonly since: number }
  setRouting(state: RoutingState): void
  /** Tries again what failed. */
  prove(): void
  /** No timer fires any more; the revision is ended or closed by the caller. */
  forget(): void
}

const QUEUED = {
  reason: 'Queued',
  message: 'Requests to the target are being buffered as resources are provisioned.',
}
const NO_TRAFFIC = { reason: 'NoTraffic', message: 'The target is not receiving traffic.' }
const TIMED_OUT = { reason: 'TimedOut', message: 'The target could not be activated.' }
const DEADLINE: StartFailure = {
  reason: 'ProgressDeadlineExceeded',
  message: 'Initial scale was never achieved',
  tail: [],
}
const DEPLOYING = { reason: 'Deploying', message: 'The initial scale is not reached yet.' }

/** Makes the revision and, unless it was adopted, begins to prove it. */
export function createRevisionRecord(options: RevisionRecordOptions): RevisionRecord {
  const { name, service, clock, config, adopted, template } = options
  const settings = readScaleSettings(service.template, config.autoscaler)
  const wanted = toInitialReplicas(settings, adopted ? 0 : 1)
  const dependents = ['ResourcesAvailable', 'ContainerHealthy']
  const conditions = createConditions({ clock, dependents })
  const scaling = createConditions({
    clock,
    dependents: ['Active', 'SKSReady', 'ScaleTargetInitialized'],
  })
  let command: RunCommand | undefined
  let planFailed = false
  let failure: StartFailure | undefined
  let initialized = false
  let routing: { state: RoutingState; since: number } = { state: 'pending', since: clock.now() }
  let deadline: Cancel = () => {}
  const revision = createRevision({ ...options, plan: followPlan, onState: refresh })
  if (wanted === 0) initialize()
  else prove()
  refresh()

  /** A failed build is told apart from a process that fails. */
  async function followPlan(): Promise<RunCommand> {
    try {
      command = await options.plan()
      planFailed = false
    } catch (error) {
      planFailed = true
      throw error
    }
    options.prepare()
    return command
  }

  function prove(): void {
    deadline()
    failure = undefined
    for (const type of dependents) conditions.set(type, 'Unknown', DEPLOYING)
    deadline = clock.after(
      progressDeadlineMs(service.template.annotations, config.progressDeadlineMs),
      () => {
        if (initialized) return
        revision.prove(0)
        settle(DEADLINE)
      },
    )
    revision.prove(wanted)
  }

  function initialize(): void {
    initialized = true
    failure = undefined
    deadline()
    for (const type of dependents) conditions.set(type, 'True')
  }

  function refresh(): void {
    const before = conditions.ready()
    const numbers = revision.numbers()
    if (numbers.ready > 0 && (initialized || numbers.ready >= wanted)) initialize()
    else if (numbers.failure && numbers.ready === 0) settle(numbers.failure)
    showActivity()
    if (conditions.ready() !== before) options.onReadiness()
    options.onChange()
  }

  function settle(reason: StartFailure): void {
    const before = conditions.ready()
    failure = reason
    const { type, why } = toCondition(reason, planFailed ? service.template.image : undefined)
    conditions.set(type, 'False', why)
    if (conditions.ready() !== before) options.onReadiness()
    options.onChange()
  }

  function showActivity(): void {
    const { active, timedOut, ready } = revision.numbers()
    for (const set of [conditions, scaling]) {
      if (active === 'active') set.set('Active', 'True')
      else if (active === 'activating') set.set('Active', 'Unknown', QUEUED)
      else set.set('Active', 'False', timedOut ? TIMED_OUT : NO_TRAFFIC)
    }
    scaling.set('ScaleTargetInitialized', initialized ? 'True' : 'Unknown')
    if (ready > 0) scaling.set('SKSReady', 'True')
    else scaling.set('SKSReady', 'Unknown', NO_BACKENDS)
  }

  return {
    name,
    generation: options.generation,
    template,
    revision,
    identity: createIdentity(clock, template),
    createdAt: clock.now(),
    adopted,
    settings,
    conditions,
    scaling,
    command: () => command,
    readiness: conditions.ready,
    failure: () => failure,
    routing: () => routing,
    setRouting(state) {
      if (routing.state === state) return
      const isBack = routing.state === 'reserve'
      routing = { state, since: clock.now() }
      if (state === 'reserve') {
        deadline()
        revision.retire()
      } else {
        revision.revive()
        // It was replaced before it came up.
        if (isBack && !initialized) prove()
      }
      options.onChange()
    },
    prove,
    forget: () => deadline(),
  }
}

const NO_BACKENDS = { reason: 'NotReady', message: 'NoHealthyBackends' }

function toCondition(
  { reason, message, tail }: StartFailure,
  missingImage: string | undefined,
): { type: string; why: { reason: string; message: string } } {
  if (reason === 'ProgressDeadlineExceeded') {
    return { type: 'ResourcesAvailable', why: { reason, message } }
  }
  if (missingImage !== undefined) {
    const why = `Unable to fetch image ${JSON.stringify(missingImage)}: ${message}`
    return { type: 'ContainerHealthy', why: { reason: 'ContainerMissing', message: why } }
  }
  const log = tail.length === 0 ? message : tail.join('\n')
  return {
    type: 'ContainerHealthy',
    why: { reason, message: `Container failed with: ${log}` },
  }
}
