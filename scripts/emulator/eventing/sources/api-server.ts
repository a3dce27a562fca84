/** Keeps ApiServerSources: each sends an event when an object that it watches comes, changes or goes. */
import { randomUUID } from 'node:crypto'
import type { Catalogue, Change } from '../../control/catalogue.ts'
import type { KubeObject } from '../../control/object.ts'
import type { ApiServerSourceResource } from '../../manifests/eventing-types.ts'
import { selects } from '../../manifests/label-selector.ts'
import { type Controller, createController, type Surroundings } from '../controller.ts'
import type { CloudEvent } from '../event.ts'
import { createShelf, type Held } from '../shelf.ts'
import { emit } from './emit.ts'
import { markIdentity, markSink } from './marks.ts'

/** What the control plane tells of its objects. */
export type ChangeFeed = Pick<Catalogue, 'version' | 'subscribe'>

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
  const { clock } = around
  /** What is held has the address of its sink with it. */
  const shelf = createShelf<ApiServerSourceResource, string>({
    clock,
    apiVersion: 'sources.knative.dev/v1',
    dependents: ['SinkProvided', 'Deployed', 'SufficientPermissions', 'OIDCIdentityCreated'],
  })
  const closing = new AbortController()
  let unsubscribe: (() => void) | undefined

  function mark(held: Held<ApiServerSourceResource, string>): void {
    const { resource, conditions } = held
    held.own = markSink(held, around, resource.sink)
    held.status = markIdentity(held, around)
    // Nobody's permissions are checked here: the emulator has one user.
    conditions.set('SufficientPermissions', 'True')
    if (held.own === undefined) return
    conditions.set('Deployed', 'True')
    held.status = {
      ...held.status,
      sinkUri: held.own,
      namespaces: resource.allNamespaces ? [''] : [resource.namespace],
      ceAttributes: Object.values(VERBS).map(verb => ({
        type: typeOf(resource, verb),
        source: SOURCE,
      })),
    }
  }

  /** Objects that exist when the watch begins make no events, as the adapter's `Replace` does nothing. */
  function follow(): void {
    if (shelf.all().length === 0) return
    if (unsubscribe || !feed || closing.signal.aborted) return
    const source = feed()
    const begun = source.version()
    unsubscribe = source.subscribe(changes => {
      for (const change of changes) if (change.version > begun) tell(change)
    })
  }

  function tell({ type, version, entry: { object } }: Change): void {
    for (const { resource, own: url } of shelf.all()) {
      if (url === undefined || !isWatched(resource, object)) continue
      const event = toEvent(resource, VERBS[type], object, { version, now: clock.now() })
      void emit(around, { source: resource, url, event }, closing.signal)
    }
  }

  return {
    ...createController(shelf, around, { mark, settled: follow }),
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
