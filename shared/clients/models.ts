/** The model client of a function: Ollama's, over the same connections as every other call. */
import { Ollama } from 'ollama'
import { fetch } from '../web/fetch.ts'

/** Ollama's client. Ask it to stream always: only a streamed call can be aborted. */
export type Models = Ollama

/** Opens no connection before the first call. */
export function createModels(host: string): Models {
  return new Ollama({ host, fetch: fetch as unknown as typeof globalThis.fetch })
}
