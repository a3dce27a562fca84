/** Vectors as they come in a body. */
import type { Collection } from './collection.ts'
import { formatError, notServed, validationError, wrongInput } from './error.ts'
import { describe, isObject, type Json } from './json.ts'

/** The vector of a point that is written, prepared for its collection; `{}` is a point without one. */
export function parsePointVector(value: Json, collection: Collection): Float32Array | null {
  if (isObject(value)) {
    const names = Object.keys(value)
    if (names.length === 0) return null
    if (names.length === 1 && names[0] === '') return toVector(value[''] ?? null, collection)
    if (names.includes('text') || names.includes('image') || names.includes('model')) {
      throw notServed('inference (a document in place of a vector)')
    }
    throw wrongInput(`Not existing vector name error: ${names.find(name => name !== '')}`)
  }
  return toVector(value, collection)
}

/** The vector of a query, prepared for its collection. */
export function parseQueryVector(value: Json, collection: Collection): Float32Array {
  if (isObject(value)) throw notServed('a query with a sparse vector or a document')
  return toVector(value, collection)
}

function toVector(value: Json, { definition, metric }: Collection): Float32Array {
  const { size } = definition()
  if (!Array.isArray(value)) {
    throw formatError(`invalid type: ${describe(value)}, expected a sequence of numbers`)
  }
  if (value.some(Array.isArray)) throw notServed('a multivector')
  if (value.length === 0) throw validationError('vector', 'dense vector must not be empty')
  const wrong = value.find(part => typeof part !== 'number')
  if (wrong !== undefined) throw formatError(`invalid type: ${describe(wrong)}, expected f32`)
  if (size === 0) throw wrongInput('Not existing vector name error: ')
  if (value.length !== size) {
    throw wrongInput(`Vector dimension error: expected dim: ${size}, got ${value.length}`)
  }
  const vector = Float32Array.from(value as number[])
  if (!vector.every(Number.isFinite)) throw formatError('a vector must hold finite 32-bit numbers')
  return metric.prepare(vector)
}
