/** A Trigger: which events of which Broker go to which subscriber. */
import { readDelivery, readDestination } from './delivery.ts'
import { type Field, isObject } from './field.ts'
import { type Metadata, readMetadata } from './metadata.ts'
import { readRequired, readTextMap, refuseUnknown } from './read.ts'
import { readFilters } from './trigger-filters.ts'
import type { TriggerResource } from './types.ts'

const DEPENDENCY = 'knative.dev/dependency'
const INJECTION = 'eventing.knative.dev/injection'
const ATTRIBUTE_NAME = /^[a-z][a-z0-9]*$/

/** Reads and checks one `eventing.knative.dev/v1` Trigger. */
export function readTrigger(root: Field, file: string): TriggerResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const spec = root.get('spec')
  // brokerRef belongs to the cross-namespace feature, which is off by default.
  refuseUnknown(spec, ['broker', 'filter', 'filters', 'subscriber', 'delivery'], ['brokerRef'])
  if (spec.get('broker').value && spec.get('brokerRef').value) {
    spec.report('expected exactly one, got both: spec.broker, spec.brokerRef')
  }
  const broker = readRequired(spec.get('broker'))
  const annotations = root.get('metadata').get('annotations')
  checkDependency(annotations.get(DEPENDENCY), metadata)
  checkInjection(annotations.get(INJECTION), metadata, broker)
  const filter = readFilter(spec.get('filter'))
  const filters = readFilters(spec.get('filters'))
  const subscriber = spec.get('subscriber')
  if (subscriber.value === undefined) subscriber.report('missing field(s)')
  const delivery = readDelivery(spec.get('delivery'), metadata.namespace)
  return {
    ...metadata,
    broker,
    ...(filter && { filter }),
    ...(filters && { filters }),
    subscriber:
      subscriber.value === undefined ? {} : readDestination(subscriber, metadata.namespace),
    ...(delivery && { delivery }),
  }
}

/** `validateDependencyAnnotation`: the source that must be ready first. */
function checkDependency(field: Field, { annotations, namespace }: Metadata): void {
  const written = annotations[DEPENDENCY]
  if (written === undefined) return
  let reference: unknown
  try {
    reference = JSON.parse(written)
  } catch {
    reference = undefined
  }
  if (!isObject(reference)) {
    field.report(
      `The provided annotation was not a corev1.ObjectReference: ${JSON.stringify(written)}`,
    )
    return
  }
  if (reference.namespace && reference.namespace !== namespace) {
    field.report(`Namespace must be empty or equal to the trigger namespace "${namespace}"`)
  }
  const missing = ['kind', 'name', 'apiVersion'].filter(
    name => !isObject(reference) || !reference[name],
  )
  if (missing.length > 0) field.report(`missing field(s): ${missing.join(', ')}`)
}

/** `validateInjectionAnnotation`. */
function checkInjection(field: Field, { annotations }: Metadata, broker: string): void {
  const value = annotations[INJECTION]
  if (value === undefined) return
  if (value !== 'enabled' && value !== 'disabled') {
    field.report(
      `The provided injection annotation value can only be "enabled" or "disabled", not ${JSON.stringify(value)}`,
    )
  } else if (broker !== 'default') {
    field.report(
      `The provided injection annotation is only used for default broker, but non-default broker specified here: ${JSON.stringify(broker)}`,
    )
  }
}

function readFilter(field: Field): Record<string, string> | undefined {
  if (field.value === undefined || field.value === null) return undefined
  refuseUnknown(field, ['attributes'])
  const attributes = field.get('attributes')
  for (const [name, member] of attributes.members()) {
    if (!ATTRIBUTE_NAME.test(name)) member.report(`invalid key name "${name}"`)
  }
  return readTextMap(attributes)
}
