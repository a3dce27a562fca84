/** A Configuration: makes a Revision of each template, and knows the latest created and the latest ready one. */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../clock.ts'
import { type ConditionSet, createConditions } from '../control/conditions.ts'
import { createIdentity, type Identity } from '../control/object.ts'
import type { ServiceResource } from '../manifests/types.ts'
import type { ClusterConfig } from './cluster-config.ts'
import { toKept, toPlans } from './former-revisions.ts'
import { findGarbage } from './gc.ts'
import type { Generation, Latest } from './generations.ts'
import type { RunCommand } from './replica.ts'
import { toRevisionName } from './revision-name.ts'
import type { RevisionRecord } from './revision-record.ts'
import type { Json } from './service-defaults.ts'

/** What a Revision is made for. */
export interface RevisionPlan {
  readonly name: string
  readonly generation: number
  readonly service: ServiceResource
  readonly template: Json
  readonly adopted: boolean
  /** Known when it was built already. */
  readonly command: RunCommand | undefined
}

/** What a Configuration needs from its surroundings. */
export interface ConfigurationOptions {
  readonly name: string
  readonly clock: Clock
  readonly config: ClusterConfig
  readonly create: (plan: RevisionPlan) => RevisionRecord
  /** Whether another Service of the namespace has a Revision of that name. */
  readonly isForeign: (revision: string) => boolean
  /** The latest generation of a former run. */
  readonly former?: Latest | undefined
  /** A generation was made, or one of the `older` ones went. */
  readonly onGeneration?: (latest: Generation, older: readonly Generation[]) => void
}

/** A Configuration. */
export interface Configuration {
  readonly identity: Identity
  readonly conditions: ConditionSet
  template(): Json
  records(): RevisionRecord[]
  find(name: string): RevisionRecord | undefined
  latestCreated(): RevisionRecord | undefined
  latestReady(): RevisionRecord | undefined
  /** The name of a Revision that could not be made because another one has it. */
  takenName(): string | undefined
  /** Makes a Revision when the template changed, or the build behind it. */
  update(service: ServiceResource, template: Json, how: UpdateHow): void
  /** Finds the latest ready one anew, and says how it stands. */
  refresh(): void
  /** Takes a Revision out; the latest created one is made again. The caller ends what is returned. */
  remove(name: string): RevisionRecord | undefined
  /** Takes out what nobody needs any more. The caller ends what is returned. */
  collect(): RevisionRecord[]
}

/** How a template came. */
export interface UpdateHow {
  readonly adopted: boolean
  readonly command?: RunCommand
}

const KEPT = 'serving.knative.dev/no-gc'

/** A Configuration without any Revision yet. */
export function createConfiguration(options: ConfigurationOptions): Configuration {
  const { name, clock, config, former } = options
  const conditions = createConditions({ clock, dependents: [] })
  const records = new Map<string, RevisionRecord>()
  const identity = createIdentity(clock, undefined, former)
  let template: Json = {}
  let plan: RevisionPlan | undefined
  let created: RevisionRecord | undefined
  let ready: RevisionRecord | undefined
  let taken: string | undefined
  conditions.set('Ready', 'Unknown')

  function update(service: ServiceResource, next: Json, { adopted, command }: UpdateHow): void {
    const rebuilt = command !== undefined && !isDeepStrictEqual(created?.command(), command)
    if (plan && !rebuilt && isDeepStrictEqual(template, next)) return
    if (!plan) for (const each of toPlans(service, next, former)) create(each).setRouting('reserve')
    const isNext = plan !== undefined || (former !== undefined && !former.isOf(next))
    if (isNext) identity.update({ next, command })
    template = next
    const generation = identity.generation()
    const revision = service.template.name ?? toRevisionName(name, generation)
    plan = { name: revision, generation, service, template, adopted, command }
    const existing = records.get(revision)
    const isSame = existing && !rebuilt && isDeepStrictEqual(existing.template.spec, next.spec)
    taken = options.isForeign(revision) || (existing && !isSame) ? revision : undefined
    if (taken === undefined) created = existing ?? create(plan)
    note()
  }

  function note(): void {
    const latest = { generation: identity.generation(), template }
    options.onGeneration?.(latest, toKept([...records.values()], latest))
  }

  function create(from: RevisionPlan): RevisionRecord {
    const record = options.create(from)
    records.set(record.name, record)
    // Taken as a cluster takes one of initial scale 0: it serves from its first request on.
    if (from.adopted) ready = record
    return record
  }

  function refresh(): void {
    const isReady = (record: RevisionRecord): boolean => record.readiness() === 'True'
    if (created && isReady(created)) ready = created
    else {
      const since = ready?.generation ?? 0
      const newer = [...records.values()].filter(each => each.generation > since && isReady(each))
      ready = newer.sort((a, b) => b.generation - a.generation)[0] ?? ready
    }
    showReadiness()
  }

  function showReadiness(): void {
    if (taken !== undefined) {
      const message = `Revision creation failed with message: revisions.serving.knative.dev ${JSON.stringify(taken)} already exists.`
      conditions.set('Ready', 'False', { reason: 'RevisionFailed', message })
    } else if (created?.readiness() === 'False') {
      const cause = created.conditions.list().find(({ type }) => type === 'Ready')?.message ?? ''
      const message = `Revision ${JSON.stringify(created.name)} failed with message: ${cause}.`
      conditions.set('Ready', 'False', { reason: 'RevisionFailed', message })
    } else conditions.set('Ready', created && created.readiness() === 'True' ? 'True' : 'Unknown')
  }

  function remove(revision: string): RevisionRecord | undefined {
    const record = records.get(revision)
    if (!record) return undefined
    records.delete(revision)
    if (record === ready) ready = undefined
    if (record === created && plan) created = create({ ...plan, adopted: false })
    note()
    return record
  }

  function collect(): RevisionRecord[] {
    const all = [...records.values()]
    const names = findGarbage(
      all.map(record => {
        const { state, since } = record.routing()
        const isKept = record.revision.service.template.annotations[KEPT] === 'true'
        const isLatest = record === ready || record === created
        return {
          name: record.name,
          createdAt: record.createdAt,
          lastActiveAt: since,
          needed: isKept || isLatest || state !== 'reserve',
        }
      }),
      config.gc,
      clock.now(),
    )
    return names.flatMap(each => remove(each) ?? [])
  }

  return {
    identity,
    conditions,
    template: () => template,
    records: () => [...records.values()],
    find: revision => records.get(revision),
    latestCreated: () => created,
    latestReady: () => ready,
    takenName: () => taken,
    update,
    refresh,
    remove,
    collect,
  }
}
