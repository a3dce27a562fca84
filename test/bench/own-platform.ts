/** The platform of this project, fresh and silent, for one bench. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLog } from '../../scripts/emulator/log.ts'
import { type Platform, startPlatform } from '../../scripts/local/platform.ts'

/** The project's root. */
export const ROOT: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Starts it on ports of its own, with its state in that folder. */
export function startOwnPlatform(stateDirectory: string, signal?: AbortSignal): Promise<Platform> {
  return startPlatform({
    root: ROOT,
    stateDirectory,
    fresh: true,
    port: 0,
    timeScale: 1,
    log: createLog({ write: () => {} }),
    environment: {},
    ...(signal && { signal }),
  })
}
