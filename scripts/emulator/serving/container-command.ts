/** What a container's own `command`, `args`, `workingDir` and user make of the image's command. */
import { existsSync } from 'node:fs'
import type { RevisionTemplate } from '../manifests/types.ts'
import type { RunCommand } from './replica.ts'

/**
 * `command` takes the place of the image's, `args` follow it.
 * @throws Error when the working directory is not there: a laptop has none of the image's files
 */
export function toContainerCommand(
  image: RunCommand,
  {
    command: [own, ...rest] = [],
    args = [],
    workingDir,
    runAsUser,
  }: Pick<RevisionTemplate, 'command' | 'args' | 'workingDir' | 'runAsUser'>,
): RunCommand {
  if (workingDir !== undefined && !existsSync(workingDir)) {
    throw new Error(`"workingDir" must be a folder of this machine, got ${workingDir}`)
  }
  return {
    ...image,
    ...(own !== undefined && { command: own }),
    args: [...(own === undefined ? image.args : rest), ...args],
    cwd: workingDir ?? image.cwd,
    // Only root may become somebody else.
    ...(runAsUser !== undefined && process.getuid?.() === 0 && { uid: runAsUser }),
  }
}
