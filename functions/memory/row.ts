/** A row of `memory.memories` as callers see it. */
import type { Memory, MemoryKind } from '../../shared/contracts/memory.ts'

/** The columns that a {@link Memory} is made of; select them with {@link MEMORY_COLUMNS}. */
export interface MemoryRow {
  id: string
  text: string
  kind: MemoryKind
  confidence: number
  tags: string[]
  sources: string[]
  recorded_at: Date
  valid_from: Date
  told_at: Date
  superseded_by: string | null
}

/** Columns of {@link MemoryRow}. */
export const MEMORY_COLUMNS: readonly (keyof MemoryRow)[] = [
  'id',
  'text',
  'kind',
  'confidence',
  'tags',
  'sources',
  'recorded_at',
  'valid_from',
  'told_at',
  'superseded_by',
]

/** Times become RFC 3339. */
export function toMemory(row: MemoryRow): Memory {
  return {
    id: row.id,
    text: row.text,
    kind: row.kind,
    // A `real` in the table: 0.9 must not come back as 0.8999999761581421.
    confidence: Math.round(row.confidence * 1000) / 1000,
    tags: row.tags,
    sources: row.sources,
    created_at: row.recorded_at.toISOString(),
    valid_from: row.valid_from.toISOString(),
    superseded_by: row.superseded_by,
  }
}
