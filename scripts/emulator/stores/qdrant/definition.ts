/** What a collection is: its vectors, its settings, the indexes on its payload. */
import { type Distance, METRICS } from './distance.ts'
import { formatError, notServed, QdrantError, validationError } from './error.ts'
import {
  field,
  isObject,
  type Json,
  type JsonObject,
  optionalInteger,
  required,
  toObject,
  toText,
} from './json.ts'
import { parsePath } from './payload.ts'
import { parseTextIndex, type TextIndex } from './text.ts'

/** A collection as it was asked for; `size` is 0 when it holds no vectors. */
export interface Definition {
  size: number
  distance: Distance
  m: number
  efConstruct: number
  /** The settings as given, shown again by `GET /collections/{name}`. */
  vectors: JsonObject
  settings: JsonObject
  payloadIndexes: Record<string, JsonObject>
}

/** Reads the body of `PUT /collections/{name}`. */
export function parseDefinition(body: JsonObject): Definition {
  for (const name of ['sparse_vectors', 'sharding_method', 'strict_mode_config', 'init_from']) {
    if (field(body, name) !== undefined) throw notServed(`the collection setting "${name}"`)
  }
  const vectors = toObject(field(body, 'vectors') ?? {}, 'vector parameters')
  const none = Object.keys(vectors).length === 0
  if (!none && !Object.hasOwn(vectors, 'size') && Object.values(vectors).every(isObject)) {
    throw notServed('a collection with named vectors')
  }
  if (field(vectors, 'multivector_config') !== undefined) throw notServed('a multivector')
  const datatype = field(vectors, 'datatype') ?? 'float32'
  if (datatype !== 'float32') throw notServed(`the vector datatype "${datatype}"`)
  const hnsw = {
    ...toObject(field(body, 'hnsw_config') ?? {}, 'struct HnswConfigDiff'),
    ...toObject(field(vectors, 'hnsw_config') ?? {}, 'struct HnswConfigDiff'),
  }
  const settings = Object.fromEntries(
    SETTINGS.flatMap(name => {
      const value = field(body, name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
  return {
    size: none ? 0 : parseSize(required(vectors, 'size')),
    distance: none ? 'Cosine' : parseDistance(required(vectors, 'distance')),
    m: optionalInteger(hnsw, 'm', { fallback: 16, minimum: 0 }),
    efConstruct: optionalInteger(hnsw, 'ef_construct', { fallback: 100, minimum: 4 }),
    vectors,
    settings,
    payloadIndexes: {},
  }
}

/** Refuses what Qdrant refuses as the name of a collection. */
export function assertName(name: string): void {
  const bad = [...name].find(character => '<>:"/\\|?*\0\u001F'.includes(character))
  const reason =
    name.length === 0 || name.length > 255
      ? `value "${name.slice(0, 20)}" invalid, length must be from 1 to 255`
      : bad && `collection name cannot contain "${bad}" char`
  if (reason) throw new QdrantError(422, `Validation error in path parameters: [name: ${reason}]`)
}

/** Reads the body of `PUT /collections/{name}/index`: the field and its parameters, `type` among them. */
export function parsePayloadIndex(body: JsonObject): { key: string; parameters: JsonObject } {
  const key = toText(required(body, 'field_name'), 'payload key')
  parsePath(key)
  const schema = field(body, 'field_schema') ?? field(body, 'field_type')
  if (schema === undefined) {
    throw new QdrantError(
      400,
      `Bad request: Can't auto-detect field type, please specify \`field_schema\` in the request`,
    )
  }
  const parameters =
    typeof schema === 'string' ? { type: schema } : toObject(schema, 'payload schema')
  const type = required(parameters, 'type')
  if (typeof type !== 'string' || !INDEX_TYPES.includes(type)) {
    throw formatError('data did not match any variant of untagged enum PayloadFieldSchema')
  }
  if (type === 'text') {
    for (const name of ['stemmer', 'stopwords', 'ascii_folding']) {
      if (field(parameters, name)) throw notServed(`the text index setting "${name}"`)
    }
    parseTextIndex(parameters)
  }
  return { key, parameters }
}

/** The text index of a payload field, if it has one. */
export function textIndexOf({ payloadIndexes }: Definition, key: string): TextIndex | undefined {
  const parameters = Object.hasOwn(payloadIndexes, key) ? payloadIndexes[key] : undefined
  return parameters?.type === 'text' ? parseTextIndex(parameters) : undefined
}

/** The `result` of `GET /collections/{name}`. */
export function describeCollection(
  definition: Definition,
  { points, indexed, counts }: { points: number; indexed: number; counts: Record<string, number> },
): JsonObject {
  const { vectors, settings, payloadIndexes, m, efConstruct } = definition
  const setting = (name: string): JsonObject => {
    const value = settings[name]
    return isObject(value) ? value : {}
  }
  return {
    status: 'green',
    optimizer_status: 'ok',
    indexed_vectors_count: indexed,
    points_count: points,
    segments_count: 1,
    config: {
      params: {
        vectors,
        shard_number: 1,
        replication_factor: 1,
        write_consistency_factor: 1,
        on_disk_payload: true,
      },
      hnsw_config: {
        full_scan_threshold: 10_000,
        max_indexing_threads: 0,
        on_disk: false,
        ...setting('hnsw_config'),
        m,
        ef_construct: efConstruct,
      },
      optimizer_config: {
        deleted_threshold: 0.2,
        vacuum_min_vector_number: 1000,
        default_segment_number: 0,
        max_segment_size: null,
        memmap_threshold: null,
        indexing_threshold: 10_000,
        flush_interval_sec: 5,
        max_optimization_threads: null,
        ...setting('optimizers_config'),
      },
      wal_config: { wal_capacity_mb: 32, wal_segments_ahead: 0, ...setting('wal_config') },
      quantization_config: settings.quantization_config ?? null,
    },
    payload_schema: Object.fromEntries(
      Object.entries(payloadIndexes).map(([key, parameters]) => [
        key,
        {
          data_type: parameters.type ?? null,
          ...(Object.keys(parameters).length > 1 ? { params: parameters } : {}),
          points: counts[key] ?? 0,
        },
      ]),
    ),
  }
}

function parseSize(value: Json): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw formatError(`invalid value: ${JSON.stringify(value)}, expected a nonzero u64`)
  }
  if (value < 1 || value > MAX_SIZE) {
    throw validationError('vectors.size', `value ${value} invalid, must be from 1 to ${MAX_SIZE}`)
  }
  return value
}

function parseDistance(value: Json): Distance {
  if (typeof value === 'string' && Object.hasOwn(METRICS, value)) return value as Distance
  throw formatError(
    `unknown variant \`${value}\`, expected one of \`Cosine\`, \`Euclid\`, \`Dot\`, \`Manhattan\``,
  )
}

const MAX_SIZE = 65_536
const SETTINGS = [
  'hnsw_config',
  'optimizers_config',
  'wal_config',
  'quantization_config',
  'metadata',
]
const INDEX_TYPES = ['keyword', 'integer', 'float', 'bool', 'datetime', 'uuid', 'text', 'geo']
