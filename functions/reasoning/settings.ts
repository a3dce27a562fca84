/** The settings of `reasoning`. */
import { integer, type Settings } from '../../shared/config.ts'
import { type SqlConfig, sqlSettings } from '../../shared/deps.ts'

/** What `reasoning` reads from its environment. */
export interface ReasoningConfig extends SqlConfig {
  MODEL_TIMEOUT_MS: number
}

/** See {@link ReasoningConfig}. */
export const reasoningSettings: Settings<ReasoningConfig> = {
  ...sqlSettings,
  MODEL_TIMEOUT_MS: integer('the longest wait for a model before rules answer', 20_000, { min: 1 }),
}
