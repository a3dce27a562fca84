/** A list of objects, whole or page by page. */
import type { Catalogue, Entry } from '../../control/catalogue.ts'
import { StatusError } from '../../control/status-error.ts'
import { isObject } from '../../manifests/field.ts'
import type { ResourcePath } from './path.ts'
import { toNumber, toSelection } from './query.ts'
import { showList, type View } from './shown.ts'

/**
 * Answers a list by namespace and name. A page tells by `continue` where the next one begins.
 * @throws StatusError
 */
export function listObjects(
  catalogue: Catalogue,
  path: ResourcePath,
  query: URLSearchParams,
  view: View,
): unknown {
  const selected = catalogue.list().filter(toSelection(path, query)).sort(byName)
  const after = fromToken(query.get('continue'))
  const rest = after === undefined ? selected : selected.filter(entry => toKey(entry) > after)
  const limit = toNumber(query, 'limit') || rest.length
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  const metadata = {
    resourceVersion: String(catalogue.version()),
    ...(last &&
      rest.length > page.length && {
        continue: toToken(toKey(last)),
        remainingItemCount: rest.length - page.length,
      }),
  }
  return showList(path.kind, page, metadata, view)
}

/** Sorts before every character of a name. */
const SEPARATOR = '\u0000'

const toKey = ({ object: { metadata } }: Entry): string =>
  `${metadata.namespace}${SEPARATOR}${metadata.name}`

const byName = (a: Entry, b: Entry): number => (toKey(a) < toKey(b) ? -1 : 1)

const toToken = (after: string): string =>
  Buffer.from(JSON.stringify({ after })).toString('base64url')

function fromToken(token: string | null): string | undefined {
  if (token === null || token === '') return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (isObject(value) && typeof value.after === 'string') return value.after
  } catch {
    // Said below.
  }
  throw new StatusError('BadRequest', 'continue key is not valid')
}
