/** `securityContext`: the few settings that Knative allows (serving pkg/apis/serving/fieldmask.go). */
import type { Field } from './field.ts'
import { readInteger } from './read.ts'

const ALLOWED = [
  'capabilities',
  'readOnlyRootFilesystem',
  'runAsUser',
  'runAsGroup',
  'runAsNonRoot',
  'allowPrivilegeEscalation',
  'seccompProfile',
]
const MAX_ID = 2 ** 31 - 1

/** Reports what a container may not ask for; gives the user that it wants to be. */
export function checkSecurityContext(context: Field): number | undefined {
  for (const [key, member] of context.members()) {
    const isHarmless = key === 'privileged' && member.value === false
    if (!ALLOWED.includes(key) && !isHarmless) member.report('must not set the field(s)')
  }
  for (const [key, member] of context.get('capabilities').members()) {
    const added = key === 'add' ? member.items() : []
    const isHarmless = added.every(({ value }) => value === 'NET_BIND_SERVICE')
    if (key !== 'drop' && (key !== 'add' || !isHarmless)) member.report('must not set the field(s)')
  }
  const range = { min: 0, max: MAX_ID, fallback: undefined }
  readInteger(context.get('runAsGroup'), range)
  return readInteger(context.get('runAsUser'), range)
}
