/** What a container's own `command`, `args`, `workingDir` and user make of the image's command. */
import { existsSync } from 'node:fs'
import { expand } from '../environment.ts'
import type { RevisionTemplate } from '../manifests/types.ts'
import type { RunCommand } from './replica.ts'

/** The part of a template that says what runs. */
export type ContainerTemplate = Pick<
  RevisionTemplate,
  'command' | 'args' | 'workingDir' | 'runAsUser'
>

/**
 * `command` takes the place of the image's, `args` follow it; `$(NAME)` in them is the process's own environment.
 * @throws Error when the working directory is not there: a laptop has none of the image's files
 */
export function toContainerCommand(
  image: RunCommand,
  { command = [], args = [], workingDir, runAsUser }: ContainerTemplate,
  environment: Readonly<Record<string, string>>,
): RunCommand {
  const toText = (text: string): string => expand(text, environment)
  const [own, ...rest] = command.map(toText)
  if (workingDir !== undefined && !existsSync(workingDir)) {
    throw new Error(`"workingDir" must be a folder of this machine, got ${workingDir}`)
  }
  return {
    ...image,
    ...(own !== undefined && { command: own }),
    args: [...(own === undefined ? image.args : rest), ...args.map(toText)],
    cwd: workingDir ?? image.cwd,
    // Only root may become somebody else.
    ...(runAsUser !== undefined && process.getuid?.() === 0 && { uid: runAsUser }),
  }
}
