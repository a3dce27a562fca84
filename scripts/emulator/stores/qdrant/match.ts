/** The `match` part of a field condition: value, any, except, text, text_any, phrase. */
import { formatError } from './error.ts'
import { type Json, type JsonObject, toArray, toText } from './json.ts'
import { createTextMatcher, type TextIndex, type TextMode } from './text.ts'

/** Whether one payload value matches. */
export function createMatch(
  match: JsonObject,
  index: TextIndex | undefined,
): (value: Json) => boolean {
  if (Object.hasOwn(match, 'value')) {
    const wanted = match.value
    if (!isVariant(wanted)) throw mismatch()
    return value => value === wanted
  }
  if (Object.hasOwn(match, 'any')) {
    const wanted = variants(match.any)
    return value => wanted.has(value)
  }
  if (Object.hasOwn(match, 'except')) {
    const unwanted = variants(match.except)
    return value => value !== null && !unwanted.has(value)
  }
  const mode = TEXT_MODES.find(name => Object.hasOwn(match, name))
  if (mode === undefined) throw mismatch()
  const matches = createTextMatcher(toText(match[mode], 'text'), mode, index)
  return value => typeof value === 'string' && matches(value)
}

function variants(value: Json | undefined): Set<Json> {
  const list = toArray(value, 'list of strings or integers')
  const kind = typeof list[0]
  if (!list.every(item => typeof item === kind && (kind === 'string' || Number.isInteger(item)))) {
    throw formatError('data did not match any variant of untagged enum AnyVariants')
  }
  return new Set(list)
}

const isVariant = (value: Json | undefined): boolean =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isInteger(value)

const mismatch = (): Error => formatError('data did not match any variant of untagged enum Match')

const TEXT_MODES: TextMode[] = ['text', 'text_any', 'phrase']
