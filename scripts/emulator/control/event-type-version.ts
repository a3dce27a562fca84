/** The older versions of EventType, which kn speaks (eventing `pkg/apis/eventing/v1beta2/eventtype_conversion.go`). */
import { isObject } from '../manifests/field.ts'
import type { Kind } from './kinds.ts'

type Spec = Readonly<Record<string, unknown>>

/** Attributes that are a field of their own in the older versions. */
const FIELDS: Readonly<Record<string, string>> = {
  type: 'type',
  source: 'source',
  schemadata: 'schema',
}
const REQUIRED = ['type', 'source', 'specversion', 'id']
const BROKER = { apiVersion: 'eventing.knative.dev/v1', kind: 'Broker' }

/** Whether objects of the kind look otherwise in this version. */
export const isOlderEventType = ({ group, kind, versions }: Kind, version: string): boolean =>
  group === 'eventing.knative.dev' && kind === 'EventType' && version !== versions[0]

/** The spec as it is kept. */
export function toStoredSpec(given: unknown): unknown {
  if (!isObject(given)) return given
  const { type, source, schema, schemaData: _, broker, reference, ...rest } = given
  const values: Record<string, unknown> = { type, source, specversion: undefined, id: undefined }
  const target = reference ?? (broker ? { ...BROKER, name: broker } : undefined)
  const attributes = Object.entries({ ...values, schemadata: schema || undefined })
    .filter(([name, value]) => value !== undefined || IMPLIED.includes(name))
    .map(([name, value]) => ({
      name,
      required: REQUIRED.includes(name),
      ...(value !== undefined && { value }),
    }))
  return { ...rest, ...(isObject(target) && { reference: target }), attributes }
}

/** The spec as the older versions show it. */
export function fromStoredSpec(kept: Spec | undefined): Spec {
  const { attributes, ...rest } = kept ?? {}
  const fields = (Array.isArray(attributes) ? attributes : []).flatMap((attribute: unknown) => {
    const { name, value } = isObject(attribute) ? attribute : {}
    const field = typeof name === 'string' && Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
    return field === undefined || value === undefined ? [] : [[field, value]]
  })
  return { ...rest, ...Object.fromEntries(fields) }
}

/** Every event has them, so the older versions do not name them. */
const IMPLIED = ['specversion', 'id']
