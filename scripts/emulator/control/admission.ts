/** What happens to a document before a part takes it: decoding and the webhooks, with their own messages. */
import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../manifests/field.ts'
import { ManifestError, type ManifestProblem } from '../manifests/manifest-error.ts'
import { type ReadResource, readJsonDocument } from '../manifests/read-document.ts'
import type { RevisionLimits } from '../manifests/revision-limits.ts'
import { withoutFields } from './field-path.ts'
import type { Kind } from './kinds.ts'
import { StatusError } from './status-error.ts'

/** A document as it is sent, before anything is known about it. */
export type Document = Readonly<Record<string, unknown>>

/** How a write is asked for. */
export interface WriteOptions {
  /** Who asks, for the annotations `creator` and `lastModifier`. */
  readonly user?: string
  /** Check only. */
  readonly dryRun?: boolean
  /** What becomes of a field that the kind does not have: refused, or left out with or without a warning. */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore'
  readonly onWarning?: (text: string) => void
  /** Resolve only when the object works; its failure rejects. */
  readonly wait?: boolean
}

/** How problems name where a document came from; messages to clients go without it. */
const SOURCE = 'request'
/** `request:1: trigger app/t1: `, which a part says before its message. */
const PLACE: RegExp = new RegExp(`^${SOURCE}(:\\d+)*: (\\w+ [\\w.-]+/[\\w.-]+: )?`)

/**
 * Reads a document as the API server and Knative's webhooks do.
 * @throws StatusError
 */
export function admit(
  kind: Kind,
  document: Document,
  options: WriteOptions,
  limits?: RevisionLimits,
): ReadResource {
  const { result, problems } = readJsonDocument(document, SOURCE, limits)
  const unknown = problems.filter(({ message }) => message.startsWith('unknown field '))
  const others = problems.filter(problem => !unknown.includes(problem))
  if (unknown.length > 0) {
    const said = unknown.map(({ message }) => message)
    const { fieldValidation = 'Warn', onWarning } = options
    if (fieldValidation === 'Strict') throw undecodable(kind, document, said)
    if (fieldValidation === 'Warn') for (const text of said) onWarning?.(text)
    if (others.length === 0) {
      const pruned = withoutFields(
        document,
        unknown.map(({ field }) => field),
      )
      return admit(kind, pruned, { ...options, fieldValidation: 'Ignore' }, limits)
    }
  }
  if (others.length > 0) throw denied(kind, others)
  if (!result) throw new StatusError('BadRequest', 'the document is no Kubernetes object')
  return result
}

/** What a part says against a resource, as its webhook would. */
export function toDenial(kind: Kind, error: unknown): unknown {
  if (error instanceof ManifestError) return denied(kind, error.problems)
  if (!(error instanceof TypeError)) return error
  const message = error.message.replace(PLACE, '')
  return new StatusError('BadRequest', `${webhook(kind)}validation failed: ${message}`)
}

/**
 * Annotations `creator` and `lastModifier`: set by whoever writes, kept from then on
 * (serving `pkg/apis/serving/metadata_validation.go`).
 * @throws StatusError when a client changes who made the object
 */
export function withUser(
  kind: Kind,
  document: Document,
  { before, user }: { before: Document | undefined; user: string | undefined },
): Document {
  if (user === undefined || !STAMPED.includes(kind.group)) return document
  const creator = `${kind.group}/creator`
  const modifier = `${kind.group}/lastModifier`
  const annotations = annotationsOf(document)
  const old = annotationsOf(before)
  const changed = !isDeepStrictEqual(before?.spec, document.spec)
  const immutable = [creator, ...(changed ? [] : [modifier])].find(
    name =>
      old[name] !== undefined && annotations[name] !== undefined && old[name] !== annotations[name],
  )
  if (immutable !== undefined) {
    const message = `annotation value is immutable: metadata.annotations.${immutable}`
    throw new StatusError('BadRequest', `${webhook(kind)}validation failed: ${message}`)
  }
  const stamps = before
    ? {
        ...(old[creator] !== undefined && { [creator]: old[creator] }),
        ...(changed
          ? { [modifier]: user }
          : old[modifier] !== undefined && { [modifier]: old[modifier] }),
      }
    : { [creator]: user, [modifier]: user }
  const metadata = isObject(document.metadata) ? document.metadata : {}
  return { ...document, metadata: { ...metadata, annotations: { ...annotations, ...stamps } } }
}

const STAMPED = ['serving.knative.dev', 'eventing.knative.dev', 'messaging.knative.dev']

function annotationsOf(document: Document | undefined): Record<string, unknown> {
  const metadata = isObject(document?.metadata) ? document.metadata : {}
  return isObject(metadata.annotations) ? metadata.annotations : {}
}

function undecodable(kind: Kind, document: Document, said: readonly string[]): StatusError {
  const version = String(document.apiVersion).split('/').at(-1)
  return new StatusError(
    'BadRequest',
    `${kind.kind} in version "${version}" cannot be handled as a ${kind.kind}: strict decoding error: ${said.join(', ')}`,
  )
}

function denied(kind: Kind, problems: readonly ManifestProblem[]): StatusError {
  const text = toFieldErrors(problems)
  if (kind.group.endsWith('knative.dev')) {
    return new StatusError('BadRequest', `${webhook(kind)}validation failed: ${text}`)
  }
  return new StatusError('Invalid', `${kind.kind} is invalid: ${text}`)
}

/** Serving and eventing each have one webhook for all that is theirs. */
function webhook({ group }: Kind): string {
  const owner = group === 'serving.knative.dev' ? 'serving' : 'eventing'
  return `admission webhook "validation.webhook.${owner}.knative.dev" denied the request: `
}

/** `FieldError.Error()`: one line per message, with all the paths that it is about (pkg `apis/field_error.go`). */
function toFieldErrors(problems: readonly ManifestProblem[]): string {
  const paths = new Map<string, string[]>()
  const details = new Map<string, string>()
  for (const { message, field, details: more } of problems) {
    paths.set(message, [...(paths.get(message) ?? []), ...(field === '' ? [] : [field])])
    if (more !== undefined) details.set(message, `\n${more}`)
  }
  return [...paths]
    .map(([message, fields]) => {
      const named = [...new Set(fields)].sort().join(', ')
      return `${message}${named === '' ? '' : `: ${named}`}${details.get(message) ?? ''}`
    })
    .sort()
    .join('\n')
}
