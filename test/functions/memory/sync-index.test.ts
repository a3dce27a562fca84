/** How rows get into the vector index when many requests want to bring them there. */
import { expect, it } from 'vitest'
import type { MemoryDeps } from '../../../functions/memory/settings.ts'
import { syncIndex } from '../../../functions/memory/sync-index.ts'
import { embed } from '../../../shared/contracts/inference.ts'
import { useMemory } from './harness.ts'

const memory = useMemory()

interface State {
  waiting: number
  claimed: number
}

async function state(): Promise<State | undefined> {
  const [row] = await memory.sql<State[]>`
    select count(*) filter (where indexed_revision < revision)::int as waiting,
      count(index_claimed_until)::int as claimed
    from memory.memories where user_id = ${memory.user.sub}`
  return row
}

/** Leaves memories that are not in the index. */
async function leave(count: number): Promise<string[]> {
  memory.inference.down.add('embed')
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    ids.push((await memory.remember(`note ${i} about certificates`)).memory_id)
  }
  memory.inference.down.delete('embed')
  await memory.sql`update memory.memories set index_attempts = 0`
  return ids
}

/** The function's dependencies, which call `before` with the texts of each embedding before it is answered. */
function watching(before: (texts: string[]) => Promise<void> | void): MemoryDeps {
  const { deps } = memory.app
  const call = async (...[operation, input, options]: Parameters<typeof deps.call>) => {
    if (operation.name === embed.name) await before((input as { input: string[] }).input)
    return deps.call(operation, input, options)
  }
  return Object.create(deps, { call: { value: Object.assign(call, deps.call) } })
}

it('embeds each row once, however many requests come at once', async () => {
  await leave(5)
  const embedded: string[] = []
  const deps = watching(texts => void embedded.push(...texts))
  await Promise.all(Array.from({ length: 6 }, () => syncIndex(deps)))
  expect(embedded.sort()).toEqual([0, 1, 2, 3, 4].map(i => `note ${i} about certificates`))
  expect(await state()).toEqual({ waiting: 0, claimed: 0 })
})

it('gives the rows back when the index cannot be written', async () => {
  await leave(2)
  expect(await state()).toEqual({ waiting: 2, claimed: 0 })
})

it('takes rows over from a request that died, after its claim', async () => {
  await leave(1)
  const claim = (shift: string) => memory.sql`
    update memory.memories set index_claimed_until = now() + ${shift}::interval
    where user_id = ${memory.user.sub}`
  await claim('1 minute')
  await syncIndex(memory.app.deps)
  expect((await state())?.waiting).toBe(1)
  await claim('-1 second')
  await syncIndex(memory.app.deps)
  expect(await state()).toEqual({ waiting: 0, claimed: 0 })
})

it('writes a row again that changed while it was embedded', async () => {
  const [id = ''] = await leave(1)
  let embeddings = 0
  const deps = watching(async () => {
    embeddings += 1
    if (embeddings > 1) return
    await memory.sql`
      update memory.memories set retired_at = now(), revision = revision + 1 where id = ${id}`
  })
  await syncIndex(deps)
  expect(embeddings).toBe(2)
  expect(await state()).toEqual({ waiting: 0, claimed: 0 })
  const [point] = await memory.app.deps.vectors.retrieve('memories', { ids: [id] })
  expect(point?.payload?.superseded).toBe(true)
})

it('writes a row again that another request took meanwhile, for it may have laid an older state over a newer', async () => {
  const [id = ''] = await leave(1)
  let embeddings = 0
  const deps = watching(async () => {
    embeddings += 1
    if (embeddings > 1) return
    // The claim runs out, another request writes the row.
    await memory.sql`
      update memory.memories set index_claimed_until = now() - interval '1 second' where id = ${id}`
    await syncIndex(deps)
  })
  await syncIndex(deps)
  expect(embeddings).toBe(3)
  expect(await state()).toEqual({ waiting: 0, claimed: 0 })
})
