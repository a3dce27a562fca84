/** Keeps ApiServerSources: each sends an event when an object that it watches comes, changes or goes. */
import { randomUUID } from 'node:crypto'
import type { Catalogue, Change } from '../../control/catalogue.ts'
import type { KubeObject } from '../../control/object.ts'
import type { ApiServerSourceResource } from '../../manifests/eventing-types.ts'
import { selects } from '../../manifests/label-selector.ts'
import {
  type Controller,
  createShelf,
  markIdentity,
  markSink,
  type Surroundings,
} from '../controller.ts'
import type { CloudEvent } from '../event.ts'
import { emit } from './emit.ts'

/** What the control plane tells of its objects. */
export type ChangeFeed = Pick<Catalogue, 'version' | 'subscribe'>

const GROUP = 'sources.knative.dev'
const SOURCE = 'https://kubernetes.default.svc'
const VERBS: Record<Change['type'], string> = {
  ADDED: 'add',
  MODIFIED: 'update',
  DELETED: 'delete',
}

/** The controller of ApiServerSources; `feed` is asked for when there is the first one. */
export function createApiServerSources(
  around: Surroundings,
  feed: (() => ChangeFeed) | undefined,
): Controller<ApiServerSourceResource> {
  const { clock, changed } = around
  const shelf = createShelf<ApiServerSourceResource>({
    clock,
    apiVersion: `${GROUP}/v1`,
    dependents: ['SinkProvided', 'Deployed', 'SufficientPermissions', 'OIDCIdentityCreated'],
  })
  const urls = new Map<string, string>()
  const closing = new AbortController()
  let unsubscribe: (() => void) | undefined

  function reconcile(): void {
    for (const held of shelf.all()) {
      const { resource, conditions } = held
      const url = markSink(held, around, resource.sink)
      const identity = markIdentity(held, around)
      // Nobody's permissions are checked here: the emulator has one user.
      conditions.set('SufficientPermissions', 'True')
      if (url === undefined) {
        urls.delete(keyOf(resource))
        held.status = identity
        continue
      }
      conditions.set('Deployed', 'True')
      urls.set(keyOf(resource), url)
      held.status = {
        ...identity,
        sinkUri: url,
        namespaces: resource.allNamespaces ? [''] : [resource.namespace],
        ceAttributes: Object.values(VERBS).map(verb => ({
          type: typeOf(resource, verb),
          source: SOURCE,
        })),
      }
    }
    if (shelf.all().length > 0) follow()
  }

  /** Objects that exist when the watch begins make no events, as the adapter's `Replace` does nothing. */
  function follow(): void {
    if (unsubscribe || !feed || closing.signal.aborted) return
    const source = feed()
    const begun = source.version()
    unsubscribe = source.subscribe(changes => {
      for (const change of changes) if (change.version > begun) tell(change)
    })
  }

  function tell({ type, version, entry: { object } }: Change): void {
    for (const { resource } of shelf.all()) {
      const url = urls.get(keyOf(resource))
      if (url === undefined || !isWatched(resource, object)) continue
      const { namespace, name, sink } = resource
      const from = { group: GROUP, kind: 'ApiServerSource', namespace, name }
      const event = toEvent(resource, VERBS[type], object, { version, now: clock.now() })
      void emit(around, { from, sink, url, event }, closing.signal)
    }
  }

  return {
    apply(resource) {
      shelf.put(resource)
      reconcile()
      changed()
    },
    remove(namespace, name) {
      const held = shelf.drop(namespace, name)
      if (!held) return
      urls.delete(keyOf(held.resource))
      changed()
    },
    refresh: reconcile,
    objects: shelf.objects,
    async close() {
      unsubscribe?.()
      closing.abort(new Error('the emulator is stopping'))
    },
  }
}

function isWatched(source: ApiServerSourceResource, object: KubeObject): boolean {
  const { namespace, labels = {}, ownerReferences = [] } = object.metadata
  if (!source.allNamespaces && namespace !== source.namespace) return false
  const { owner } = source
  if (owner && !ownerReferences.some(each => each.controller && isType(owner, each))) return false
  return source.resources.some(
    each => isType(each, object) && (!each.selector || selects(each.selector, labels)),
  )
}

const isType = (
  wanted: { readonly apiVersion: string; readonly kind: string },
  object: { readonly apiVersion: string; readonly kind: string },
): boolean => wanted.apiVersion === object.apiVersion && wanted.kind === object.kind

/** `pkg/adapter/apiserver/events/events.go`, its plural included. */
function toEvent(
  source: ApiServerSourceResource,
  verb: string,
  object: KubeObject,
  { version, now }: { version: number; now: number },
): CloudEvent {
  const { apiVersion, kind, metadata } = object
  const { namespace, name } = metadata
  return {
    attributes: {
      specversion: '1.0',
      id: randomUUID(),
      type: typeOf(source, verb),
      source: SOURCE,
      subject: `/apis/${apiVersion}/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`,
      time: new Date(now).toISOString(),
      datacontenttype: 'application/json',
      apiversion: apiVersion,
      kind,
      name,
      namespace,
      ...source.overrides,
    },
    data: Buffer.from(JSON.stringify(toData(source, object, version))),
  }
}

/** The object, or a reference to it or (with `spec.owner`) to its controller. What a Secret holds stays in it. */
function toData(source: ApiServerSourceResource, object: KubeObject, version: number): unknown {
  const { apiVersion, kind, metadata } = object
  const { namespace, name } = metadata
  if (source.mode === 'Resource') {
    const whole = { ...object, metadata: { ...metadata, resourceVersion: `${version}` } }
    return kind === 'Secret' ? { ...whole, data: undefined, stringData: undefined } : whole
  }
  const controller = source.owner && metadata.ownerReferences?.find(each => each.controller)
  const referent = controller ?? { apiVersion, kind, name }
  return {
    apiVersion: referent.apiVersion,
    kind: referent.kind,
    name: referent.name,
    namespace,
  }
}

const typeOf = ({ mode }: ApiServerSourceResource, verb: string): string =>
  `dev.knative.apiserver.${mode === 'Resource' ? 'resource' : 'ref'}.${verb}`

const keyOf = ({ namespace, name }: ApiServerSourceResource): string => `${namespace}/${name}`
