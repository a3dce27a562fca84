/** Keeps SinkBindings: decides which Services get `K_SINK`, and tells of those whose environment changed. */
import type { BindingSubject, SinkBindingResource } from '../../manifests/eventing-types.ts'
import { selects } from '../../manifests/label-selector.ts'
import type { ServiceResource } from '../../manifests/types.ts'
import {
  type Controller,
  createShelf,
  type Held,
  markIdentity,
  markSink,
  type Surroundings,
} from '../controller.ts'
import { addressOf } from '../resolve.ts'
import { inject } from './injection.ts'

/** The controller, and what it does to Services. */
export interface SinkBindings extends Controller<SinkBindingResource> {
  /** The Service with the variables of the binding that it is the subject of, if any. */
  bind(service: ServiceResource): ServiceResource
}

/** `onBound` hears of a binding whose subjects have another environment now. */
export function createSinkBindings(around: Surroundings, onBound: () => void): SinkBindings {
  const { clock, log, changed } = around
  const shelf = createShelf<SinkBindingResource>({
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
  /** What each binding injects; a binding without a sink injects nothing. */
  const urls = new Map<string, string>()
  let told = ''

  function reconcile(): void {
    for (const held of shelf.all()) {
      const { resource, conditions } = held
      const url = markSink(held, around, resource.sink) ?? promised(resource)
      const identity = markIdentity(held, around)
      const { reason } = conditions.list().find(({ type }) => type === 'OIDCIdentityCreated') ?? {}
      conditions.set('OIDCTokenSecretCreated', 'True', { ...(reason && { reason }) })
      conditions.set('SinkBindingTrustBundlePropagated', 'True')
      markSubject(held)
      held.status = { ...identity, ...(url !== undefined && { sinkUri: url }) }
      if (url === undefined) urls.delete(keyOf(resource))
      else urls.set(keyOf(resource), url)
    }
    const now = JSON.stringify(
      shelf
        .all()
        .map(({ resource }) => [resource.subject, urls.get(keyOf(resource)), resource.overrides]),
    )
    if (now === told) return
    told = now
    onBound()
  }

  function markSubject({ resource, conditions }: Held<SinkBindingResource>): void {
    const { subject, namespace } = resource
    if (!isService(subject)) {
      conditions.set('Available', 'False', {
        reason: 'SubjectNotEmulated',
        message: `the emulator runs no ${subject.apiVersion} ${subject.kind}: only Services of serving.knative.dev are bound`,
      })
      return
    }
    const found = around
      .world()
      .some(
        ({ apiVersion, kind, metadata }) =>
          apiVersion === subject.apiVersion &&
          kind === subject.kind &&
          metadata.namespace === namespace &&
          isMeant(subject, metadata.name, metadata.labels ?? {}),
      )
    if (found || subject.selector) conditions.set('Available', 'True')
    else {
      const message = `services.serving.knative.dev "${subject.name}" not found`
      conditions.set('Available', 'False', { reason: 'SubjectMissing', message })
    }
  }

  return {
    apply(resource) {
      if (!isService(resource.subject)) {
        const { apiVersion, kind } = resource.subject
        log.warn(
          resource.name,
          `${resource.file}:${resource.line}: a SinkBinding to a ${apiVersion} ${kind} does nothing here: the emulator runs Services only`,
        )
      }
      shelf.put(resource)
      reconcile()
      changed()
    },
    remove(namespace, name) {
      const held = shelf.drop(namespace, name)
      if (!held) return
      urls.delete(keyOf(held.resource))
      reconcile()
      changed()
    },
    refresh: reconcile,
    objects: shelf.objects,
    bind(service) {
      const binding = shelf
        .all()
        .map(({ resource }) => resource)
        .findLast(
          ({ subject, namespace }) =>
            namespace === service.namespace &&
            isService(subject) &&
            isMeant(subject, service.name, service.labels),
        )
      const url = binding && urls.get(keyOf(binding))
      if (url === undefined) return service
      const env = inject(service.template.env, url, binding?.overrides)
      return { ...service, template: { ...service.template, env } }
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

const isService = ({ apiVersion, kind }: BindingSubject): boolean =>
  kind === 'Service' && apiVersion.startsWith('serving.knative.dev/')

function isMeant(
  subject: BindingSubject,
  name: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (subject.selector) return selects(subject.selector, labels)
  return subject.name === name
}

const keyOf = ({ namespace, name }: SinkBindingResource): string => `${namespace}/${name}`
