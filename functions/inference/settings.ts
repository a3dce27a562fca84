/** The settings of `inference`. */
import { integer, type Settings, text } from '../../shared/config.ts'
import { type KvConfig, kvSettings, type ModelsConfig, modelsSettings } from '../../shared/deps.ts'

/** What `inference` reads from its environment. */
export interface InferenceConfig extends ModelsConfig, KvConfig {
  /** Empty: the first model of the server that can chat. */
  CHAT_MODEL: string
  /** Empty: the oldest model of the server that can embed. */
  EMBED_MODEL: string
  MODEL_CONCURRENCY: number
  MODEL_QUEUE: number
  TTFT_TIMEOUT_MS: number
  LOAD_TIMEOUT_MS: number
  IDLE_TIMEOUT_MS: number
}

/** See {@link InferenceConfig}. */
export const inferenceSettings: Settings<InferenceConfig> = {
  ...modelsSettings,
  ...kvSettings,
  CHAT_MODEL: text('the model for chat and generate when a request names none', ''),
  EMBED_MODEL: text('the model for embeddings when a request names none', ''),
  MODEL_CONCURRENCY: integer('requests to one model at a time, of one instance', 4, { min: 1 }),
  MODEL_QUEUE: integer('requests that may wait for one model, of one instance', 64),
  TTFT_TIMEOUT_MS: integer('the longest wait for the first token of a loaded model', 30_000, {
    min: 1,
  }),
  LOAD_TIMEOUT_MS: integer('the longest wait for the first token while a model loads', 120_000, {
    min: 1,
  }),
  IDLE_TIMEOUT_MS: integer('the longest silence between two tokens', 30_000, { min: 1 }),
}
