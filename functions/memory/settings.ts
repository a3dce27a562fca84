/** What `memory` reads from its environment. */
import { integer, type Settings } from '../../shared/config.ts'
import {
  type Deps,
  type SqlConfig,
  sqlSettings,
  type VectorsConfig,
  vectorsSettings,
} from '../../shared/deps.ts'

/** Configuration of `memory`. */
export interface MemoryConfig extends SqlConfig, VectorsConfig {
  EMBED_TIMEOUT_MS: number
  EXTRACT_TIMEOUT_MS: number
}

/** See {@link MemoryConfig}. */
export const memorySettings: Settings<MemoryConfig> = {
  ...sqlSettings,
  ...vectorsSettings,
  EMBED_TIMEOUT_MS: integer('how long a person waits for an embedding before words decide', 3_000, {
    min: 100,
    max: 60_000,
  }),
  EXTRACT_TIMEOUT_MS: integer('how long the model may extract before rules do', 60_000, {
    min: 1_000,
    max: 280_000,
  }),
}

/** What the handlers of `memory` work with. */
export type MemoryDeps = Deps<MemoryConfig>
