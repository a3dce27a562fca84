/** JSON that is valid against a schema, filled from the text that was given. */
import { bestSentences, firstPersonFacts, type Message, readQuestion } from './extract.ts'
import { rank, type Sentence, toSentences, toTerms } from './text.ts'

/** A JSON Schema, as much as is followed. */
export type Schema = Record<string, unknown>

/** The text to fill from. */
interface Scope {
  question: string
  sentences: Sentence[]
  text: string
  root: Schema
}

/** Fills `schema` from what `messages` say. */
export function fillSchema(schema: Schema, messages: Message[]): unknown {
  const { question, sources } = readQuestion(messages)
  const asked = messages.findLast(({ role }) => role === 'user')?.content ?? ''
  const sentences = [...toSentences(asked), ...sources]
  return fill(
    schema,
    '',
    { question, sentences, text: sentences.map(({ text }) => text).join('\n'), root: schema },
    0,
  )
}

function fill(given: Schema, name: string, scope: Scope, depth: number): unknown {
  const schema = resolve(given, scope.root)
  if ('const' in schema) return schema.const
  if (Array.isArray(schema.enum)) return pickEnum(schema.enum, name, scope)
  const choices = [schema.anyOf, schema.oneOf].find(Array.isArray) as Schema[] | undefined
  if (choices)
    return fill(
      choices.find(choice => resolve(choice, scope.root).type !== 'null') ?? {},
      name,
      scope,
      depth + 1,
    )
  const type = Array.isArray(schema.type) ? schema.type.find(kind => kind !== 'null') : schema.type
  const filler =
    FILLERS[String(type ?? (schema.properties ? 'object' : schema.items ? 'array' : 'string'))]
  return filler ? filler(schema, name, scope, depth) : null
}

type Filler = (schema: Schema, name: string, scope: Scope, depth: number) => unknown

const FILLERS: Readonly<Record<string, Filler>> = {
  object: fillObject,
  array: fillArray,
  string: fillString,
  integer: (schema, name, scope) => fillNumber(schema, name, scope, true),
  number: (schema, name, scope) => fillNumber(schema, name, scope, false),
  boolean: (_, name, scope) => saysYes(name, scope),
  null: () => null,
}

const MAX_DEPTH = 8

function resolve(schema: Schema, root: Schema): Schema {
  let current = schema
  for (let hops = 0; hops < 10 && typeof current.$ref === 'string'; hops++) {
    const path = current.$ref.replace(/^#\/?/, '').split('/').filter(Boolean)
    current = path.reduce<Schema>((node, key) => toSchema(node[key]), root)
  }
  if (!Array.isArray(current.allOf)) return current
  return current.allOf.reduce<Schema>(
    (merged, part) => mergeSchemas(merged, resolve(toSchema(part), root)),
    { ...current, allOf: undefined },
  )
}

const toSchema = (value: unknown): Schema =>
  typeof value === 'object' && value !== null ? (value as Schema) : {}

const mergeSchemas = (a: Schema, b: Schema): Schema => ({
  ...a,
  ...b,
  properties: { ...toSchema(a.properties), ...toSchema(b.properties) },
  required: [...toList(a.required), ...toList(b.required)],
})

const toList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function fillObject(schema: Schema, _: string, scope: Scope, depth: number): unknown {
  const required = new Set(toList(schema.required))
  const properties = Object.entries(toSchema(schema.properties))
  // A schema that holds itself ends at what it requires.
  const wanted = depth < MAX_DEPTH ? properties : properties.filter(([name]) => required.has(name))
  if (depth > MAX_DEPTH * 2) return {}
  return Object.fromEntries(
    wanted.map(([name, part]) => [
      name,
      fill(describe(toSchema(part), scope.root), name, scope, depth + 1),
    ]),
  )
}

const describe = (schema: Schema, root: Schema): Schema => ({
  ...resolve(schema, root),
  description: schema.description ?? resolve(schema, root).description,
})

function fillArray(schema: Schema, name: string, scope: Scope, depth: number): unknown {
  const prefix = toList(schema.prefixItems)
  if (prefix.length > 0) return prefix.map(part => fill(toSchema(part), name, scope, depth + 1))
  const items = resolve(toSchema(schema.items), scope.root)
  const least = typeof schema.minItems === 'number' ? schema.minItems : 0
  const most = typeof schema.maxItems === 'number' ? schema.maxItems : 20
  if (depth > MAX_DEPTH)
    return Array.from({ length: least }, () => fill(items, name, scope, depth + 1))
  const values = Array.isArray(items.enum)
    ? items.enum.filter(value => mentions(String(value), scope.text) > 0)
    : subjects(name, String(schema.description ?? ''), scope).map(text =>
        fill(
          items,
          name,
          { ...scope, question: text, sentences: [{ text, weight: 1 }], text },
          depth + 1,
        ),
      )
  const distinct = [...new Map(values.map(value => [JSON.stringify(value), value])).values()].slice(
    0,
    most,
  )
  while (distinct.length < least) distinct.push(fill(items, name, scope, depth + 1))
  return distinct
}

/** The sentences that a list is about: what people say of themselves, else what fits the list's name. */
function subjects(name: string, description: string, scope: Scope): string[] {
  if (/fact|memor|preference|profile/i.test(`${name} ${description}`))
    return firstPersonFacts(scope.sentences)
  return bestSentences(`${name} ${description} ${scope.question}`, scope.sentences, 3)
}

function fillString(schema: Schema, name: string, scope: Scope): string {
  const description = String(schema.description ?? '')
  const found = FORMATS[String(schema.format)]?.exec(scope.text)?.[0]
  if (found) return found
  const fallback = FORMAT_DEFAULTS[String(schema.format)]
  if (fallback !== undefined) return fallback
  if (typeof schema.pattern === 'string') {
    const match = findPattern(schema.pattern, scope.text)
    if (match !== undefined) return match
  }
  const labelled = name ? labelledValue(name, scope.text) : undefined
  const text =
    labelled ??
    bestSentences(`${name} ${description}`, scope.sentences, 1)[0] ??
    bestSentences(scope.question, scope.sentences, 1)[0] ??
    scope.sentences[0]?.text ??
    scope.question
  const least = typeof schema.minLength === 'number' ? schema.minLength : 0
  const most = typeof schema.maxLength === 'number' ? schema.maxLength : 2_000
  return [...text.trim().padEnd(least, '.')].slice(0, most).join('')
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  date: /\b\d{4}-\d{2}-\d{2}\b/,
  'date-time': /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})/,
  time: /\b\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})?\b/,
  email: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/,
  uri: /https?:\/\/[^\s"'<>)]+/,
  uuid: /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/i,
}

const FORMAT_DEFAULTS: Readonly<Record<string, string>> = {
  date: '1970-01-01',
  'date-time': '1970-01-01T00:00:00Z',
  time: '00:00:00Z',
  email: 'unknown@example.invalid',
  uri: 'about:blank',
  uuid: '00000000-0000-0000-0000-000000000000',
}

function findPattern(pattern: string, text: string): string | undefined {
  try {
    const whole = new RegExp(pattern, 'u')
    const loose = new RegExp(pattern.replace(/^\^/, '').replace(/\$$/, ''), 'u')
    return [loose.exec(text)?.[0], ...text.split(/\s+/)].find(
      part => part !== undefined && whole.test(part),
    )
  } catch {
    return undefined
  }
}

/** `city: Lisbon`, `the city is Lisbon`, `severity=critical`, `"city":"Lisbon"`. */
function labelledValue(name: string, text: string): string | undefined {
  const label = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_-]/g, ' ')
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/ /g, '[ _-]?')
  return new RegExp(`\\b${label}"?\\s*(?:[:=]|\\bis\\b|\\bare\\b)\\s*"?([^\\n.;,"}]+)`, 'i')
    .exec(text)?.[1]
    ?.trim()
}

function fillNumber(schema: Schema, name: string, scope: Scope, whole: boolean): number {
  const low = Math.max(
    toNumber(schema.minimum, -Infinity),
    exclusive(schema.exclusiveMinimum, whole, 1),
  )
  const high = Math.min(
    toNumber(schema.maximum, Infinity),
    exclusive(schema.exclusiveMaximum, whole, -1),
  )
  const value = /confiden|probab|certain|score|relevan|importan/i.test(name)
    ? certainty(scope, high)
    : nearestNumber(name, scope.text)
  const clamped = Math.min(
    high,
    Math.max(low, value ?? Math.max(0, Number.isFinite(low) ? low : 0)),
  )
  const step = toNumber(schema.multipleOf, 0)
  const stepped = step > 0 ? Math.ceil(clamped / step - 1e-9) * step : clamped
  return whole
    ? Math.round(stepped) < low
      ? Math.ceil(stepped)
      : Math.min(Math.round(stepped), Math.floor(high))
    : stepped
}

const toNumber = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise

const exclusive = (value: unknown, whole: boolean, sign: number): number =>
  typeof value === 'number' ? value + sign * (whole ? 1 : 1e-9) : -sign * Infinity

/** How well the best sentence fits the question: the only certainty that extraction has. */
function certainty(scope: Scope, high: number): number {
  const best =
    rank(
      scope.question,
      scope.sentences.filter(({ text }) => text !== scope.question),
    )[0]?.score ?? 0
  const share = Math.round(Math.min(1, best) * 100) / 100
  return high > 1 && Number.isFinite(high) ? share * high : share
}

/** The number that stands closest after one of the words of `name`, else before it. */
function nearestNumber(name: string, text: string): number | undefined {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word.length > 2)
  for (const word of words) {
    const after = new RegExp(`\\b${word}\\w*\\b[^\\d\\n]{0,40}?(-?\\d+(?:\\.\\d+)?)`, 'iu').exec(
      text,
    )?.[1]
    const before = new RegExp(`(-?\\d+(?:\\.\\d+)?)\\s+${word}`, 'iu').exec(text)?.[1]
    if (after ?? before) return Number(after ?? before)
  }
  return undefined
}

function pickEnum(values: unknown[], name: string, scope: Scope): unknown {
  const labelled = labelledValue(name, scope.text)
  const near =
    labelled === undefined ? undefined : values.find(value => mentions(String(value), labelled) > 0)
  if (near !== undefined) return near
  const counts = values.map(
    value => mentions(String(value), scope.question) * 2 + mentions(String(value), scope.text),
  )
  return values[counts.indexOf(Math.max(...counts))] ?? null
}

/** How often all the words of `value` are said in `text`. */
function mentions(value: string, text: string): number {
  const wanted = toTerms(value)
  if (wanted.length === 0) return 0
  const said = toTerms(text)
  return Math.min(...wanted.map(term => said.filter(word => word === term).length))
}

function saysYes(name: string, scope: Scope): boolean {
  const labelled = labelledValue(name, scope.text)
  if (labelled) return /^(?:true|yes|on|1)\b/i.test(labelled)
  const best = rank(name, scope.sentences)[0]
  return (
    best !== undefined &&
    best.score > 0.5 &&
    !/\b(?:not?|never|none|without|n't)\b/i.test(best.sentence.text)
  )
}
