/** What the broker bench can measure: how each broker is started, and what its acknowledgement promises. */
import type { Children } from '../children.ts'
import type { ConsumerProcess, PublisherProcess } from '../clients/client-process.ts'

/** What a target is started with. */
export interface TargetContext {
  /** A folder of its own. */
  readonly directory: string
  readonly children: Children
}

/** A broker that runs, with its clients. */
export interface RunningTarget {
  readonly publisher: PublisherProcess
  /** A floor keeps nothing that could be consumed. */
  readonly consumer?: ConsumerProcess
  /** What is true of a message once its publisher has the acknowledgement. */
  readonly atAck: string
}

/** A broker or a floor. */
export interface Target {
  readonly name: string
  readonly kind: 'ours' | 'peer' | 'floor'
  /** @throws AbsentError when this machine does not have it */
  start(context: TargetContext): Promise<RunningTarget>
}

/** This machine lacks what a peer needs: its row says so. */
export class AbsentError extends Error {
  override readonly name = 'AbsentError'
}
