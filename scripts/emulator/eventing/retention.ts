/** Which ended events to delete: kept in memory, so that pruning costs each new event a little and never a pause. */

/** An event that reached its end, and when. */
export interface EndedEvent {
  readonly seq: number
  readonly size: number
  readonly ended: number
}

/** What is kept after its end; unfinished events are never pruned. */
export interface RetentionLimits {
  readonly rows: number
  readonly bytes: number
  readonly ms: number
}

/** In the order of their ends. */
export interface Retention {
  add(event: EndedEvent): void
  /** These are gone already. */
  forget(seqs: readonly number[]): void
  /** Up to `max` events that are beyond a limit; the caller deletes them. */
  take(now: number, max: number): number[]
}

/** The limits of a laptop's broker. */
export const RETENTION: RetentionLimits = {
  rows: 10_000,
  bytes: 256 * 1_048_576,
  ms: 7 * 86_400_000,
}

/** `ended` are the events that the journal holds already, the oldest end first. */
export function createRetention(
  ended: Iterable<EndedEvent>,
  limits: RetentionLimits = RETENTION,
): Retention {
  let kept = [...ended]
  let head = 0
  let bytes = kept.reduce((sum, { size }) => sum + size, 0)

  return {
    add(event) {
      kept.push(event)
      bytes += event.size
    },
    forget(seqs) {
      const gone = new Set(seqs)
      kept = kept.slice(head).filter(({ seq }) => !gone.has(seq))
      head = 0
      bytes = kept.reduce((sum, { size }) => sum + size, 0)
    },
    take(now, max) {
      const taken: number[] = []
      for (let oldest = kept[head]; oldest && taken.length < max; oldest = kept[head]) {
        const beyond =
          kept.length - head > limits.rows || bytes > limits.bytes || now - oldest.ended > limits.ms
        if (!beyond) break
        taken.push(oldest.seq)
        bytes -= oldest.size
        head += 1
      }
      if (head > 1024 && head > kept.length / 2) {
        kept = kept.slice(head)
        head = 0
      }
      return taken
    },
  }
}
