/** What runs a Service whose image is nothing that this machine could build. */
import type { ServiceResource } from './manifests/types.ts'
import type { RunCommand } from './serving/replica.ts'

/** Runs an image that is no function of ours, e.g. one in another language. */
export const COMMAND_ANNOTATION = 'emulator.aiwfe.dev/command'

/** The command that the annotation names, by way of a shell; undefined when there is none. */
export function toAnnotatedCommand(
  { template, annotations }: ServiceResource,
  cwd: string,
): RunCommand | undefined {
  const own = template.annotations[COMMAND_ANNOTATION] ?? annotations[COMMAND_ANNOTATION]
  return own === undefined
    ? undefined
    : { command: '/bin/sh', args: ['-c', `exec ${own} "$@"`, 'sh'], cwd }
}
