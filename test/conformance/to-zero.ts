/** Lets a Revision go to zero by waiting for it, as one without requests does. */
import type { Trial } from './trial.ts'

const STEP_MS = 10_000
const LIMIT_MS = 240_000

/** Resolves when the Revision has no process any more. */
export async function toZero(t: Trial, revision: string): Promise<void> {
  await t.until(
    `${revision} has no process`,
    async () => {
      const { status } = await t.kube.get('Revision', revision)
      if (status?.actualReplicas === 0) return true
      await t.passTime(STEP_MS)
      return false
    },
    LIMIT_MS,
  )
}
