/** A gradual rollout of the latest revision (serving pkg/reconciler/route/traffic/rollout.go), as a pure function. */

/** How much of all traffic a revision gets. */
export interface Share {
  readonly revision: string
  readonly percent: number
}

/** The revisions of one `latestRevision` target, oldest first; more than one while it is being rolled out. */
export interface Rollout {
  readonly shares: readonly Share[]
  /** The next step, while there is one; times in milliseconds. */
  readonly step?: { readonly size: number; readonly everyMs: number; readonly nextAt: number }
}

/** What decides a step. */
export interface RolloutInput {
  readonly goal: Share
  readonly now: number
  /** 0 moves everything at once. */
  readonly durationMs: number
}

const SECOND_MS = 1_000

/** The rollout as it is now, from what it was: begins one, takes the step that is due, or ends it. */
export function stepRollout(
  previous: Rollout | undefined,
  { goal, now, durationMs }: RolloutInput,
): Rollout {
  const done = { shares: [goal] }
  if (!previous || durationMs < SECOND_MS || goal.percent <= 1) return done
  const shares = adjust(previous.shares, goal.percent)
  const latest = shares.at(-1)
  if (!latest) return done
  if (latest.revision === goal.revision) {
    if (shares.length === 1) return done
    const { step } = previous
    if (!step || now < step.nextAt) return { shares, ...(step && { step }) }
    const moved = move(shares, step.size, goal.percent)
    return moved.length === 1
      ? { shares: moved }
      : { shares: moved, step: { ...step, nextAt: now + step.everyMs } }
  }
  const started = begin(shares, goal.revision)
  return started.length === 1
    ? { shares: started }
    : { shares: started, step: plan(goal.percent, now, durationMs) }
}

/** The target's percent changed: the latest gains, the oldest lose. */
function adjust(shares: readonly Share[], percent: number): Share[] {
  const total = shares.reduce((sum, share) => sum + share.percent, 0)
  if (percent >= total) {
    return shares.map((share, index) =>
      index === shares.length - 1 ? { ...share, percent: share.percent + percent - total } : share,
    )
  }
  let excess = total - percent
  return shares.flatMap(share => {
    const less = Math.min(share.percent, excess)
    excess -= less
    return share.percent === less ? [] : [{ ...share, percent: share.percent - less }]
  })
}

/** The newest of the old gives one percent away; a revision that comes back starts anew. */
function begin(shares: readonly Share[], revision: string): Share[] {
  const giver = shares.findLastIndex(({ percent }) => percent > 0)
  const rest = shares
    .map((share, index) => (index === giver ? { ...share, percent: share.percent - 1 } : share))
    .filter(({ percent }) => percent > 0)
  const again = rest.find(share => share.revision === revision)
  const others = rest.filter(share => share !== again)
  return [...others, { revision, percent: 1 + (again?.percent ?? 0) }]
}

/** Equal steps of at least one percent and one second each; the first percent took the first second. */
function plan(percent: number, now: number, durationMs: number): NonNullable<Rollout['step']> {
  const restMs = Math.max(SECOND_MS, durationMs - SECOND_MS)
  const restPercent = percent - 1
  const steps = Math.min(restPercent, Math.max(1, restMs / SECOND_MS))
  const everyMs = restMs / steps
  return { size: Math.round(restPercent / steps), everyMs, nextAt: now + everyMs }
}

/** Takes the size from the newest of the old ones, and on to older ones when that is not enough. */
function move(shares: readonly Share[], size: number, percent: number): Share[] {
  const latest = shares.at(-1)
  if (!latest) return []
  let wanted = size
  const old: Share[] = []
  for (const share of shares.slice(0, -1).toReversed()) {
    const taken = Math.min(share.percent, wanted)
    wanted -= taken
    if (share.percent > taken) old.unshift({ ...share, percent: share.percent - taken })
  }
  const rest = old.reduce((sum, share) => sum + share.percent, 0)
  return [...old, { ...latest, percent: percent - rest }]
}
