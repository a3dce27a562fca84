/** What `chat` reads from its environment. */
import { integer, type Settings } from '../../shared/config.ts'
import { type Deps, type SqlConfig, sqlSettings } from '../../shared/deps.ts'

/** Configuration of `chat`. */
export interface ChatConfig extends SqlConfig {
  CONTEXT_TOKENS: number
  RECALL_LIMIT: number
  RECALL_TIMEOUT_MS: number
  ANSWER_TIMEOUT_MS: number
}

/** See {@link ChatConfig}. */
export const chatSettings: Settings<ChatConfig> = {
  ...sqlSettings,
  CONTEXT_TOKENS: integer('tokens of one prompt: memories, history and question', 4_096, {
    min: 256,
    max: 1_000_000,
  }),
  RECALL_LIMIT: integer('memories that are recalled for one answer', 5, { min: 0, max: 50 }),
  RECALL_TIMEOUT_MS: integer('how long an answer waits for memories', 5_000, {
    min: 100,
    max: 60_000,
  }),
  ANSWER_TIMEOUT_MS: integer('how long an answer may take, from question to last word', 280_000, {
    min: 1_000,
    max: 600_000,
  }),
}

/** What the handlers of `chat` work with. */
export type ChatDeps = Deps<ChatConfig>
