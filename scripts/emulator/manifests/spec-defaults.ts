/** What the webhook writes into a spec that leaves it out, in the form that the API shows. */
import { isObject } from './field.ts'

/** A mapping, as a document has it. */
export type Spec = Readonly<Record<string, unknown>>

/** `spec` of a document, empty when it has none. */
export function specOf(document: Spec | undefined): Spec {
  const spec = document?.spec
  return isObject(spec) ? spec : {}
}

/** A Destination whose ref names a namespace; anything else unchanged. */
export function withNamespace(destination: unknown, namespace: string): unknown {
  return isObject(destination) ? completed(destination, namespace) : destination
}

/** The same for several members of a spec; those that it has not stay away. */
export function withNamespaces(spec: Spec, names: readonly string[], namespace: string): Spec {
  const found = names.filter(name => spec[name] !== undefined)
  return {
    ...spec,
    ...Object.fromEntries(found.map(name => [name, withNamespace(spec[name], namespace)])),
  }
}

/** `spec.delivery` with its dead letter sink's namespace. */
export function withDeliveryNamespace(spec: Spec, namespace: string): Spec {
  if (!isObject(spec.delivery)) return spec
  return { ...spec, delivery: withNamespaces(spec.delivery, ['deadLetterSink'], namespace) }
}

/** The same for an object that is known to be one, such as a step with its Destination inline. */
export function completed(destination: Spec, namespace: string): Spec {
  const { ref } = destination
  if (!isObject(ref)) return destination
  return { ...destination, ref: { ...ref, namespace: ref.namespace || namespace } }
}
