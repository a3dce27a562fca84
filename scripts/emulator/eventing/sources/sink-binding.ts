/** Keeps SinkBindings: decides which processes get `K_SINK`, and tells when that changed. */
import type {
  BindingSubject,
  ObjectReference,
  SinkBindingResource,
} from '../../manifests/eventing-types.ts'
import { selects } from '../../manifests/label-selector.ts'
import type { EnvVar } from '../../manifests/types.ts'
import { type Controller, createController, type Surroundings } from '../controller.ts'
import { findObject } from '../find-object.ts'
import { groupOf } from '../policy/identity.ts'
import { addressOf, resourceOf } from '../resolve.ts'
import { createShelf, type Held } from '../shelf.ts'
import { inject } from './injection.ts'
import { markIdentity, markSink } from './marks.ts'

/** What may be the subject of a binding. */
export interface Bindable extends ObjectReference {
  readonly labels: Readonly<Record<string, string>>
}

/** The controller, and what it does to its subjects. */
export interface SinkBindings extends Controller<SinkBindingResource> {
  /** The environment of a subject with the variables of its binding, if it has one. */
  bind(subject: Bindable, env: readonly EnvVar[]): readonly EnvVar[]
}

/** What runs here by a pod template of its own: Services, and the jobs of JobSinks. */
const SUBJECTS = ['serving.knative.dev/Service', 'batch/Job']

/** `onBound` hears of a binding whose subjects have another environment now. */
export function createSinkBindings(around: Surroundings, onBound: () => void): SinkBindings {
  const { clock, log } = around
  /** What is held has what it injects with it; a binding without a sink injects nothing. */
  const shelf = createShelf<SinkBindingResource, string>({
    clock,
    apiVersion: 'sources.knative.dev/v1',
    dependents: [
      'Available',
      'SinkProvided',
      'OIDCIdentityCreated',
      'OIDCTokenSecretCreated',
      'SinkBindingTrustBundlePropagated',
    ],
  })
  let told = ''

  function warn({ resource: { name, file, line, subject } }: Held<SinkBindingResource>): void {
    if (isEmulated(subject)) return
    const { apiVersion, kind } = subject
    log.warn(
      name,
      `${file}:${line}: a SinkBinding to a ${apiVersion} ${kind} does nothing here: the emulator runs Services and the jobs of JobSinks only`,
    )
  }

  function mark(held: Held<SinkBindingResource, string>): void {
    const { resource, conditions } = held
    const url = markSink(held, around, resource.sink) ?? promised(resource)
    const identity = markIdentity(held, around)
    const { reason } = conditions.list().find(({ type }) => type === 'OIDCIdentityCreated') ?? {}
    conditions.set('OIDCTokenSecretCreated', 'True', { ...(reason && { reason }) })
    conditions.set('SinkBindingTrustBundlePropagated', 'True')
    markSubject(held)
    held.own = url
    held.status = { ...identity, ...(url !== undefined && { sinkUri: url }) }
  }

  function tell(): void {
    const now = JSON.stringify(
      shelf.all().map(({ resource, own }) => [resource.subject, own, resource.overrides]),
    )
    if (now === told) return
    told = now
    onBound()
  }

  function markSubject({ resource, conditions }: Held<SinkBindingResource>): void {
    const { subject, namespace } = resource
    if (!isEmulated(subject)) {
      conditions.set('Available', 'False', {
        reason: 'SubjectNotEmulated',
        message: `the emulator runs no ${subject.apiVersion} ${subject.kind}: only Services of serving.knative.dev and the Jobs of JobSinks are bound`,
      })
      return
    }
    const { apiVersion, kind, name = '', selector } = subject
    const reference = { apiVersion, kind, namespace, name }
    if (selector || findObject(around.world(), reference)) conditions.set('Available', 'True')
    else {
      const message = `${resourceOf(reference)} "${name}" not found`
      conditions.set('Available', 'False', { reason: 'SubjectMissing', message })
    }
  }

  return {
    ...createController(shelf, around, { applied: warn, mark, settled: tell }),
    bind(object, env) {
      const binding = shelf.all().findLast(({ resource }) => isMeant(resource, object))
      if (binding?.own === undefined) return env
      return inject(env, binding.own, binding.resource.overrides)
    },
  }
}

/**
 * The address that the sink will have once it exists. On a cluster the subject would start without it and get a second
 * revision as soon as it is there; here the order of the manifests makes no revisions.
 */
function promised({ sink }: SinkBindingResource): string | undefined {
  const base = sink.ref && addressOf(sink.ref)
  if (base === undefined || sink.uri === undefined) return base
  return URL.canParse(sink.uri, base) ? new URL(sink.uri, base).href : undefined
}

const typeOf = ({ apiVersion, kind }: BindingSubject): string => `${groupOf(apiVersion)}/${kind}`

const isEmulated = (subject: BindingSubject): boolean => SUBJECTS.includes(typeOf(subject))

function isMeant({ namespace, subject }: SinkBindingResource, object: Bindable): boolean {
  if (namespace !== object.namespace || typeOf(subject) !== typeOf(object)) return false
  if (subject.selector) return selects(subject.selector, object.labels)
  return subject.name === object.name
}
