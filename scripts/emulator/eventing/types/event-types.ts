/** Keeps EventTypes, and makes one for each type of event that a broker or channel sees first. */
import { createHash } from 'node:crypto'
import { type OwnerReference, toOwnerReference } from '../../control/object.ts'
import type { EventTypeResource, ObjectReference } from '../../manifests/eventing-types.ts'
import { type Controller, createController, type Surroundings } from '../controller.ts'
import { findObject } from '../find-object.ts'
import { createShelf, type Held } from '../shelf.ts'

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
  const shelf = createShelf<EventTypeResource>({
    clock: around.clock,
    apiVersion: 'eventing.knative.dev/v1beta3',
    dependents: ['ReferenceExists'],
  })

  /** `pkg/reconciler/eventtype`: what it refers to must exist. */
  function mark({ resource, conditions }: Held<EventTypeResource>): void {
    const { namespace, name, reference } = resource
    if (!reference) conditions.set('ReferenceExists', 'True', { reason: 'ReferenceNotSet' })
    else if (findObject(around.world(), reference)) conditions.set('ReferenceExists', 'True')
    // What was made for an object goes with it.
    else if (isOwn(resource)) shelf.drop(namespace, name)
    else {
      const message = `${reference.kind} "${reference.name}" does not exist`
      conditions.set('ReferenceExists', 'False', { reason: 'ReferenceDoesNotExist', message })
    }
  }

  const controller = createController(shelf, around, { mark })
  return {
    ...controller,
    seen(at, event) {
      if (!autoCreate) return
      const name = nameOf(at, event)
      if (shelf.get(at.namespace, name)) return
      const owner = findObject(around.world(), at)
      if (owner) controller.apply(toResource(at, name, event, toOwnerReference(owner)))
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
