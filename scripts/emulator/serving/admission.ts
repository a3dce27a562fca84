/** What a revision and a request say to each other before, while and after the request runs. */
import type { Replica } from './replica.ts'

/** An answer that the request gets without having met a replica. */
export interface Refusal {
  readonly status: number
  readonly text: string
  /** Seconds, when waiting helps. */
  readonly retryAfter?: number
}

/** A request at the door of a revision; the revision calls exactly one of the two, at most once. */
export interface Admission {
  /** Run on this replica. */
  run(replica: Replica): void
  /** Answer this instead. */
  refuse(refusal: Refusal): void
}
