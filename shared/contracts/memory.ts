/** The contract of `memory`: what was said is kept, reconciled with what is known, and found again. */
import * as z from 'zod/mini'
import type { Contract, EventType, Operation } from '../contract.ts'
import { plainText } from '../text.ts'

/** How far a memory has come: indexed as it was said, then extracted and consolidated. */
export type MemoryStatus = 'pending' | 'consolidated'

/** What a memory is. `episode` is the raw text, findable until its facts have been extracted. */
export type MemoryKind = 'episode' | 'fact' | 'preference' | 'event' | 'plan'

/** One remembered thing. Times are RFC 3339. */
export interface Memory {
  id: string
  text: string
  kind: MemoryKind
  /** 0..1, how sure the extraction was. */
  confidence: number
  tags: string[]
  /** Ids of the episodes it was drawn from. */
  sources: string[]
  created_at: string
  /** When it began to be true in the world. */
  valid_from: string
  /** Set when a newer memory took its place. */
  superseded_by: string | null
}

/** A memory that matched, and why. All scores are 0..1. */
export interface MemoryHit extends Memory {
  score: number
  score_parts: { vector: number; lexical: number; recency: number }
}

/** Input of `remember`. */
export interface RememberInput {
  /** 1 to 10,000 characters. */
  content: string
  /** Where it comes from, at most 100 characters. */
  source: string
  tags: string[]
  /** Repeating the key returns the first answer. */
  idempotency_key?: string | undefined
}

/** Answer of `remember`: the episode is findable at once, its facts follow. */
export interface RememberResult {
  memory_id: string
  status: MemoryStatus
}

/** Input of `recall`. */
export interface RecallInput {
  /** 1 to 1,000 characters. */
  query: string
  limit: number
  /** Hits below it are left out. */
  threshold: number
  include_superseded: boolean
}

/** Answer of `recall`, best first. */
export interface RecallResult {
  results: MemoryHit[]
  processing_time_ms: number
}

/** Input of `list`. */
export interface ListInput {
  limit: number
  cursor?: string | undefined
  include_superseded: boolean
}

/** Answer of `list`, newest first. */
export interface ListResult {
  memories: Memory[]
  next_cursor: string | null
}

const memoryShape = () => ({
  id: z.string(),
  text: z.string(),
  kind: z.enum(['episode', 'fact', 'preference', 'event', 'plan']),
  confidence: z.number(),
  tags: z.array(z.string()),
  sources: z.array(z.string()),
  created_at: z.string(),
  valid_from: z.string(),
  superseded_by: z.nullable(z.string()),
})

/** Keeps a text for the calling user. */
export const remember: Operation<RememberInput, RememberResult> = {
  service: 'memory',
  name: 'remember',
  method: 'POST',
  path: '/api/v1/memories',
  summary: 'remember a text',
  permission: 'cognitive:inference',
  callers: ['gateway', 'chat'],
  status: 201,
  input: () =>
    z.strictObject({
      content: plainText(1, 10_000),
      source: z._default(plainText(1, 100), 'api'),
      tags: z._default(z.array(plainText(1, 50)).check(z.maxLength(20)), []),
      idempotency_key: z.optional(plainText(1, 200)),
    }),
  output: () => z.object({ memory_id: z.string(), status: z.enum(['pending', 'consolidated']) }),
}

/** Searches the calling user's memories by meaning and by words. */
export const recall: Operation<RecallInput, RecallResult> = {
  service: 'memory',
  name: 'recall',
  method: 'POST',
  path: '/api/v1/memories/search',
  summary: 'search memories by meaning and by words',
  permission: 'api:read',
  callers: ['gateway', 'chat', 'reasoning'],
  input: () =>
    z.strictObject({
      query: plainText(1, 1_000),
      limit: z._default(z.int().check(z.minimum(1), z.maximum(100)), 10),
      threshold: z._default(z.number().check(z.minimum(0), z.maximum(1)), 0),
      include_superseded: z._default(z.boolean(), false),
    }),
  output: () =>
    z.object({
      results: z.array(
        z.object({
          ...memoryShape(),
          score: z.number(),
          score_parts: z.object({ vector: z.number(), lexical: z.number(), recency: z.number() }),
        }),
      ),
      processing_time_ms: z.number(),
    }),
}

/** Lists the calling user's memories, newest first. */
export const listMemories: Operation<ListInput, ListResult> = {
  service: 'memory',
  name: 'list',
  method: 'GET',
  path: '/api/v1/memories',
  summary: 'list memories, newest first',
  permission: 'api:read',
  callers: ['gateway'],
  input: () =>
    z.strictObject({
      limit: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(100)), 20),
      cursor: z.optional(plainText(1, 200)),
      include_superseded: z._default(z.stringbool(), false),
    }),
  output: () =>
    z.object({ memories: z.array(z.object(memoryShape())), next_cursor: z.nullable(z.string()) }),
}

/** One memory of the calling user. */
export const getMemory: Operation<{ id: string }, Memory> = {
  service: 'memory',
  name: 'get',
  method: 'GET',
  path: '/api/v1/memories/:id',
  summary: 'read one memory',
  permission: 'api:read',
  callers: ['gateway'],
  input: () => z.strictObject({ id: z.uuid() }),
  output: () => z.object(memoryShape()),
}

/**
 * Forgets one memory of the calling user, and the raw text it was drawn from: neither is listed or found any more.
 * Other facts of that text stay, and so does the conversation in `chat`.
 */
export const forgetMemory: Operation<{ id: string }, { forgotten: string }> = {
  service: 'memory',
  name: 'forget',
  method: 'DELETE',
  path: '/api/v1/memories/:id',
  summary: 'forget one memory',
  permission: 'cognitive:inference',
  callers: ['gateway'],
  input: () => z.strictObject({ id: z.uuid() }),
  output: () => z.object({ forgotten: z.string() }),
}

/** Data of `episodeRecorded`; the text stays with `memory`. */
export interface EpisodeRecorded {
  user_id: string
  episode_id: string
}

/** A text was kept and waits for its facts to be extracted; `memory` itself listens. */
export const episodeRecorded: EventType<EpisodeRecorded> = {
  type: 'dev.aiwfe.memory.episode.recorded.v1',
  source: '/memory',
  summary: 'a text was kept, its facts are not extracted yet',
  data: () => z.object({ user_id: plainText(), episode_id: z.uuid() }),
}

/** Everything that `memory` offers. */
export const memoryContract: Contract = {
  service: 'memory',
  operations: [remember, recall, listMemories, getMemory, forgetMemory],
  events: [episodeRecorded],
}
