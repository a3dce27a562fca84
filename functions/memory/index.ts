/** Memory: what was said is kept, reconciled with what is known, and found again. */
import { turnCompleted } from '../../shared/contracts/chat.ts'
import { episodeRecorded, memoryContract } from '../../shared/contracts/memory.ts'
import { defineFunction, type FunctionDefinition, on } from '../../shared/function.ts'
import { digestEpisode, digestTurn } from './digest.ts'
import { memoryRoutes } from './routes.ts'
import { type MemoryConfig, memorySettings } from './settings.ts'

const memory: FunctionDefinition<MemoryConfig> = defineFunction({
  name: 'memory',
  config: memorySettings,
  contract: memoryContract,
  routes: memoryRoutes,
  outbox: 'memory',
  events: [on(turnCompleted, digestTurn), on(episodeRecorded, digestEpisode)],
})

export default memory
