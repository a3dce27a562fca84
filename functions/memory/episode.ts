/** Episodes: what was said, kept word for word, once for each natural key. */
import type { Sql, Transaction } from '../../shared/clients/sql.ts'

/** A row of `memory.episodes`. */
export interface Episode {
  id: string
  user_id: string
  source: string
  content: string
  context: string
  tags: string[]
  occurred_at: Date
  consolidated_at: Date | null
  forgotten_at: Date | null
}

/** What is told to `memory`; the natural key says which telling it is. */
export interface Telling {
  userId: string
  naturalKey: string
  source: string
  content: string
  context: string
  tags: string[]
  /** The world's time; the database's own unless given. */
  occurredAt?: Date
}

const COLUMNS: readonly (keyof Episode)[] = [
  'id',
  'user_id',
  'source',
  'content',
  'context',
  'tags',
  'occurred_at',
  'consolidated_at',
  'forgotten_at',
]

/** Keeps `telling`; `isNew` is false when its natural key was there before, whose episode is then the answer. */
export async function keepEpisode(
  sql: Sql | Transaction,
  { userId, naturalKey, source, content, context, tags, occurredAt }: Telling,
): Promise<{ episode: Episode; isNew: boolean }> {
  const [made] = await sql<Episode[]>`
    insert into memory.episodes (user_id, natural_key, source, content, context, tags, occurred_at)
    values (${userId}, ${naturalKey}, ${source}, ${content}, ${context}, ${sql.json(tags)},
      coalesce(${occurredAt ?? null}::timestamptz, clock_timestamp()))
    on conflict (user_id, natural_key) do nothing
    returning ${sql(COLUMNS)}`
  if (made) return { episode: made, isNew: true }
  const [known] = await sql<Episode[]>`
    select ${sql(COLUMNS)} from memory.episodes
    where user_id = ${userId} and natural_key = ${naturalKey}`
  if (!known) throw new TypeError('an episode that is in the way cannot be read')
  return { episode: known, isNew: false }
}

/** One episode of a user, locked until the transaction ends when `sql` is one and `lock` is set. */
export async function findEpisode(
  sql: Sql | Transaction,
  userId: string,
  id: string,
  { lock = false }: { lock?: boolean } = {},
): Promise<Episode | undefined> {
  const [episode] = await sql<Episode[]>`
    select ${sql(COLUMNS)} from memory.episodes
    where id = ${id} and user_id = ${userId}
    ${lock ? sql`for update` : sql``}`
  return episode
}
