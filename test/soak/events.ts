/** The kinds of events of the soak, and who must get each. */

/** One kind. */
export interface EventKind {
  readonly type: string
  /** How often it is sent, in parts of all. */
  readonly share: number
  /** Who must get it, or whose dead letter it must become; the recorder gets every event besides. */
  readonly to: readonly string[]
  /** Whose dead letter it must become: a delivery would be a mistake. */
  readonly dead?: readonly string[]
  /** Answered with an event that these must get. */
  readonly answer?: readonly string[]
}

/** What gets every event. */
export const RECORDER = 'recorder'

/** The table of kinds. */
export const KINDS: readonly EventKind[] = [
  { type: 'soak.plain', share: 0.4, to: ['outside'] },
  { type: 'soak.flaky', share: 0.2, to: ['flaky'] },
  { type: 'soak.slow', share: 0.1, to: ['slow'] },
  { type: 'soak.hanging', share: 0.05, to: ['hanging'] },
  { type: 'soak.poison', share: 0.05, to: [], dead: ['refuser'] },
  { type: 'soak.ask', share: 0.2, to: ['replier'], answer: ['answers'] },
]

/** The body of an event, by which every receiver can tell whether it is the one that was sent. */
export const toData = (id: string): { id: string; text: string } => ({ id, text: id.repeat(4) })

/** The id of the answer to an event. */
export const answerOf = (id: string): string => `${id}:answer`
