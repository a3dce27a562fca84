/** Keeps EventTypes, and makes one for each type of event that a broker or channel sees first. */
import { createHash } from 'node:crypto'
import { type KubeObject, type OwnerReference, toOwnerReference } from '../../control/object.ts'
import type { EventTypeResource, ObjectReference } from '../../manifests/eventing-types.ts'
import { type Controller, createShelf, type Held, type Surroundings } from '../controller.ts'

/** What an event says of its type. */
export interface SeenEvent {
  readonly type: string
  readonly source: string
  readonly specversion: string
  readonly dataschema?: string
}

/** The controller, and what makes EventTypes by itself. */
export interface EventTypes extends Controller<EventTypeResource> {
  /** An event came in at a Broker or Channel. */
  seen(at: ObjectReference, event: SeenEvent): void
}

const DESCRIPTION = 'Event Type auto-created by controller'

/** `autoCreate` is the feature `eventtype-auto-create`, which is off on a fresh installation. */
export function createEventTypes(
  around: Surroundings,
  { autoCreate }: { autoCreate: boolean },
): EventTypes {
  const { clock, changed } = around
  const shelf = createShelf<EventTypeResource>({
    clock,
    apiVersion: 'eventing.knative.dev/v1beta3',
    dependents: ['ReferenceExists'],
  })

  /** `pkg/reconciler/eventtype`: what it refers to must exist. */
  function mark({ resource: { reference }, conditions }: Held<EventTypeResource>): void {
    if (!reference) {
      conditions.set('ReferenceExists', 'True', { reason: 'ReferenceNotSet' })
      return
    }
    if (around.world().some(isMeant(reference))) conditions.set('ReferenceExists', 'True')
    else {
      const message = `${reference.kind} "${reference.name}" does not exist`
      conditions.set('ReferenceExists', 'False', { reason: 'ReferenceDoesNotExist', message })
    }
  }

  function put(resource: EventTypeResource): void {
    mark(shelf.put(resource))
    changed()
  }

  return {
    apply: put,
    remove(namespace, name) {
      if (shelf.drop(namespace, name)) changed()
    },
    refresh() {
      for (const held of shelf.all()) {
        const { reference } = held.resource
        // What was made for an object goes with it.
        const isOrphan =
          isOwn(held.resource) && reference && !around.world().some(isMeant(reference))
        if (isOrphan) shelf.drop(held.resource.namespace, held.resource.name)
        else mark(held)
      }
    },
    objects: shelf.objects,
    seen(at, event) {
      if (!autoCreate) return
      const name = nameOf(at, event)
      if (shelf.get(at.namespace, name)) return
      const owner = around.world().find(isMeant(at))
      if (owner) put(toResource(at, name, event, toOwnerReference(owner)))
    },
  }
}

/** `generateEventTypeName`, made a DNS-1123 subdomain. */
export function nameOf(at: ObjectReference, { type, source }: SeenEvent): string {
  const hash = createHash('md5').update(`${type}${source}${at.namespace}${at.name}`).digest('hex')
  const name = `et-${at.name}-${hash}`.toLowerCase().replace(/[^a-z0-9.-]+/g, '-')
  return name.slice(0, 253).replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
}

function toResource(
  at: ObjectReference,
  name: string,
  event: SeenEvent,
  owner: OwnerReference,
): EventTypeResource {
  const attributes = [
    { name: 'type', value: event.type, required: true },
    { name: 'source', value: event.source, required: true },
    { name: 'schemadata', value: event.dataschema ?? '', required: true },
    { name: 'specversion', value: event.specversion, required: true },
    { name: 'id', required: false },
  ]
  return {
    kind: 'EventType',
    file: 'events',
    line: 1,
    namespace: at.namespace,
    name,
    labels: {},
    annotations: {},
    ownerReferences: [owner],
    attributes,
    reference: at,
    description: DESCRIPTION,
    spec: { attributes, reference: at, description: DESCRIPTION },
  }
}

const isOwn = ({ description }: EventTypeResource): boolean => description === DESCRIPTION

const isMeant =
  ({ apiVersion, kind, namespace, name }: ObjectReference) =>
  (object: KubeObject): boolean =>
    object.kind === kind &&
    object.apiVersion.split('/')[0] === apiVersion.split('/')[0] &&
    object.metadata.namespace === namespace &&
    object.metadata.name === name
