/** The model contract, on the emulator always and on a real Ollama when `TEST_OLLAMA_HOST` names one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { startOllama, toUrl } from '../../../scripts/emulator/stores/ollama/ollama.ts'
import { modelsContract } from './models.ts'

modelsContract({
  name: 'embedded',
  async open() {
    const directory = await mkdtemp(join(tmpdir(), 'aiwfe-models-'))
    const service = await startOllama({ directory })
    return {
      access: { host: service.url, chat: 'emulator/extractive', embedding: 'emulator/hashed-768' },
      close: async () => {
        await service.close()
        await rm(directory, { recursive: true, force: true })
      },
    }
  },
})

const host = process.env.TEST_OLLAMA_HOST
if (host) {
  const access = {
    host: toUrl(host),
    chat: process.env.TEST_OLLAMA_CHAT_MODEL ?? 'llama3.2',
    embedding: process.env.TEST_OLLAMA_EMBEDDING_MODEL ?? 'nomic-embed-text',
  }
  modelsContract({ name: 'Ollama', open: async () => ({ access, close: async () => {} }) })
} else
  describe('models: Ollama', () =>
    it.skip('runs when TEST_OLLAMA_HOST names a server with both models'))
