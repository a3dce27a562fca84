/** `metadata` of any object: name, namespace, labels, annotations. */
import { type Field, isObject } from './field.ts'
import { readRequired, readText, readTextMap } from './read.ts'
import type { SourceLine } from './types.ts'

/** What every object carries. */
export interface Metadata extends SourceLine {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** The object as it was written. */
  readonly document: Readonly<Record<string, unknown>>
}

/** A name that Kubernetes allows for a Service (RFC 1035 label). */
export const DNS_1035: RegExp = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const DNS_1035_MESSAGE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"

/** Reads `metadata`; `label` asks for a DNS-1035 label, which becomes a host name, else a subdomain will do. */
export function readMetadata(
  root: Field,
  file: string,
  { label = false }: { label?: boolean } = {},
): Metadata {
  const metadata = root.get('metadata')
  const name = readRequired(metadata.get('name'))
  if (name !== '') checkName(metadata.get('name'), name, label)
  return {
    file,
    line: root.line(),
    name,
    namespace: readText(metadata.get('namespace')) ?? 'default',
    labels: readTextMap(metadata.get('labels')),
    annotations: readTextMap(metadata.get('annotations')),
    document: isObject(root.value) ? root.value : {},
  }
}

/** Reports a name that cannot be a DNS label; the webhook says more in front for some fields. */
export function checkLabel(field: Field, name: string, before: string = ''): void {
  checkName(field, name, true, before)
}

function checkName(field: Field, name: string, label: boolean, before: string = ''): void {
  const limit = label ? 63 : 253
  if (name.length > limit)
    field.report(`${before}not a DNS 1035 label: [must be no more than ${limit} characters]`)
  else if (label && !DNS_1035.test(name))
    field.report(`${before}not a DNS 1035 label: [${DNS_1035_MESSAGE}]`)
  else if (!label && !DNS_SUBDOMAIN.test(name)) field.report(`invalid value: ${name}`)
}
