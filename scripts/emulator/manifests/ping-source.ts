/** A PingSource: an event on a schedule. */
import type { PingSourceResource } from './eventing-types.ts'
import type { Field } from './field.ts'
import { readMetadata } from './metadata.ts'
import { readText, refuseUnknown } from './read.ts'
import { readSchedule } from './schedule.ts'
import { readSource, SOURCE_FIELDS, withSink } from './source.ts'
import { specOf } from './spec-defaults.ts'

/** Go's `base64.StdEncoding`. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Reads and checks one `sources.knative.dev/v1` PingSource. */
export function readPingSource(root: Field, file: string): PingSourceResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file)
  const { namespace } = metadata
  const spec = root.get('spec')
  refuseUnknown(spec, [
    'schedule',
    'timezone',
    'contentType',
    'data',
    'dataBase64',
    ...SOURCE_FIELDS,
  ])
  const text = readText(spec.get('schedule')) || DEFAULT_SCHEDULE
  const reading = readSchedule(text, readText(spec.get('timezone')))
  if ('problem' in reading) spec.get(reading.field).report(`invalid value: ${reading.problem}`)
  const contentType = readText(spec.get('contentType'))
  const data = readData(spec, contentType)
  const { pattern, timezone } = 'schedule' in reading ? reading.schedule : NEVER
  return {
    kind: 'PingSource',
    ...metadata,
    ...readSource(spec, namespace),
    schedule: pattern,
    timezone,
    ...(contentType && { contentType }),
    ...(data && { data }),
    spec: withSink({ ...specOf(metadata.document), schedule: text }, namespace),
  }
}

const NEVER = { pattern: '0 0 30 2 *', timezone: 'UTC' }
/** `PingSourceSpec.SetDefaults`. */
const DEFAULT_SCHEDULE = '* * * * *'

/** The bytes of `data`, or what `dataBase64` stands for. */
function readData(spec: Field, contentType: string | undefined): Uint8Array | undefined {
  const data = readText(spec.get('data'))
  const base64 = readText(spec.get('dataBase64'))
  if (data && base64) spec.report('expected exactly one, got both: data, dataBase64')
  if (base64) {
    if (!BASE64.test(base64)) spec.get('dataBase64').report('invalid value: illegal base64 data')
    const decoded = Buffer.from(base64, 'base64')
    checkJson(spec.get('dataBase64'), contentType, decoded.toString())
    return decoded
  }
  if (!data) return undefined
  checkJson(spec.get('data'), contentType, data)
  return Buffer.from(data)
}

/** As `json.Unmarshal` into a map: only an object will do. */
function checkJson(field: Field, contentType: string | undefined, text: string): void {
  if (contentType !== 'application/json') return
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
    field.report('invalid value: data of content type application/json must be a JSON object')
  } catch (error) {
    field.report(`invalid value: ${error instanceof Error ? error.message : String(error)}`)
  }
}
