/** Answers of subscribers that wait for their address to take them: on the disk, so that none is asked for twice. */

import type { Log } from '../log.ts'
import type { Attributes } from './event.ts'
import type { Journal } from './journal/journal.ts'
import type { Job, Reply } from './stage.ts'

/** One answer for each delivery in stage `reply`. */
export interface Replies {
  /** Knows the answer for its first try, which mostly takes it. */
  put(job: Job, reply: Reply): void
  /** The answer has to wait: from now on the disk has it, and no memory is held for it. */
  keep(job: Job): void
  of(job: Job): Reply | undefined
  drop(job: Job): void
}

/** Those of a former process are found, too. */
export function createReplies({ journal, log }: { journal: Journal; log: Log }): Replies {
  const inMemory = new Map<string, Reply>()
  const onDisk = new Set<string>()

  function keep(job: Job): void {
    const key = keyOf(job)
    const reply = inMemory.get(key)
    if (!reply || onDisk.has(key)) return
    onDisk.add(key)
    const { event, headers } = reply
    const head = JSON.stringify({ attributes: event.attributes, headers })
    journal.write([{ kind: 'reply', ...job, head, ...(event.data && { data: event.data }) }]).then(
      () => {
        if (inMemory.get(key) === reply) inMemory.delete(key)
      },
      (error: Error) => {
        // It stays in memory: only a restart would have to ask the subscriber again.
        onDisk.delete(key)
        log.error('broker', `an answer that waits was not written: ${error.message}`)
      },
    )
  }

  return {
    put: (job, reply) => void inMemory.set(keyOf(job), reply),
    keep,
    of(job) {
      const known = inMemory.get(keyOf(job))
      if (known) return known
      const row = journal.reply(job.seq, job.trigger)
      if (!row) return undefined
      onDisk.add(keyOf(job))
      const { attributes, headers } = JSON.parse(row.head) as Head
      return { event: { attributes, ...(row.data && { data: row.data }) }, headers }
    },
    drop(job) {
      const key = keyOf(job)
      inMemory.delete(key)
      if (!onDisk.delete(key)) return
      // What is left of it is deleted with its event, or at the next start.
      journal.write([{ kind: 'dropReply', ...job }]).catch(() => {})
    },
  }
}

interface Head {
  readonly attributes: Attributes
  readonly headers: Record<string, string>
}

const keyOf = ({ seq, trigger }: Job): string => `${seq} ${trigger}`
