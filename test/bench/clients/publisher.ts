/** The load generator of the broker bench, in a process of its own: `node publisher.ts <address> <window>`. */
import { nowMs } from './message.ts'
import type { Address } from './protocol.ts'
import { openPublisher } from './protocols.ts'
import { serve } from './serve.ts'

/** A round to publish. */
export interface PublishCommand {
  readonly round: string
  readonly count: number
  /** How many publish at once, each one message after the other. */
  readonly lanes: number
  /** What each lane waits after a message. */
  readonly gapMs?: number
}

/** How long it took, by the shared clock. */
export interface PublishResult {
  readonly begunMs: number
  readonly endedMs: number
}

const [address = '', window = ''] = process.argv.slice(2)
const publisher = await openPublisher(JSON.parse(address) as Address, Number(window))

serve<PublishCommand, PublishResult>(undefined, async ({ round, count, lanes, gapMs = 0 }) => {
  let next = 0
  async function lane(): Promise<void> {
    while (next < count) {
      await publisher.publish({ round, n: next++ })
      if (gapMs > 0) await new Promise(resolve => setTimeout(resolve, gapMs))
    }
  }
  const begunMs = nowMs()
  await Promise.all(Array.from({ length: lanes }, lane))
  return { begunMs, endedMs: nowMs() }
})
