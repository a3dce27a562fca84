/** Keeps the in-process Redis on disk: an append-only file of its writes, rewritten when it has grown. */
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Keyspace } from './keyspace.ts'

/** The file of writes. */
export interface Journal {
  /** @throws Error when the disk does not take the line: file and keys are then as they were before the commands */
  append(at: number, commands: string[][]): void
  /** Set once file and keys could not be brought together again: nothing may be answered any more. */
  broken(): Error | undefined
  close(): void
}

/** Writes some of the bytes from `at` on, and says how many. */
export type WriteBytes = (file: number, bytes: Buffer, at: number) => number

/** One line of the file. */
type Line = [at: number, ...commands: string[][]]

const REWRITE_MIN_BYTES = 4 * 1024 * 1024
const FSYNC_PERIOD_MS = 1_000

/**
 * Replays `directory/appendonly.jsonl`, then appends to it. A write is in the system's hands before it is answered
 * (kill -9 loses nothing) and on the disk within a second (a power cut can lose that second: `appendfsync everysec`).
 * @throws Error that names the file and line when a line other than the last is damaged
 */
export function openJournal(
  directory: string,
  keys: Keyspace,
  replay: (at: number, commands: string[][]) => void,
  write: WriteBytes = writeSync,
): Journal {
  const path = join(directory, 'appendonly.jsonl')
  let size = existsSync(path) ? load(path, replay) : 0
  let file = openSync(path, 'a', 0o600)
  ftruncateSync(file, size)
  let base = size
  let dirty = false
  let broken: Error | undefined
  const timer = setInterval(flush, FSYNC_PERIOD_MS)
  timer.unref()

  function flush(): void {
    if (!dirty) return
    dirty = false
    fsyncSync(file)
  }

  function rewrite(): void {
    const fresh = openSync(`${path}.new`, FRESH, 0o600)
    try {
      const lines = snapshot(keys).map(command => JSON.stringify([keys.now(), command]))
      const written = writeAll(fresh, lines.length > 0 ? `${lines.join('\n')}\n` : '', write)
      fsyncSync(fresh)
      renameSync(`${path}.new`, path)
      size = written
    } catch (error) {
      closeSync(fresh)
      rmSync(`${path}.new`, { force: true })
      throw error
    }
    closeSync(file)
    file = fresh
  }

  /** A full disk may have taken half a line, and the commands have run already: back to what the file says. */
  function undo(): void {
    try {
      ftruncateSync(file, size)
      keys.clear()
      load(path, replay)
    } catch (cause) {
      broken = new Error(`"${path}" must be written and read, got neither: restart the emulator`, {
        cause,
      })
      throw broken
    }
  }

  function shorten(): void {
    try {
      rewrite()
    } catch {
      // The long file is as good as a short one; tried again when it has doubled.
    }
    base = size
  }

  return {
    append(at, commands) {
      try {
        size += writeAll(file, `${JSON.stringify([at, ...commands])}\n`, write)
      } catch (cause) {
        undo()
        throw new Error(`cannot write "${path}": ${(cause as Error).message}`, { cause })
      }
      dirty = true
      if (size > REWRITE_MIN_BYTES && size > base * 2) shorten()
    },
    broken: () => broken,
    close() {
      clearInterval(timer)
      flush()
      closeSync(file)
    },
  }
}

/** Resolves to how many bytes of the file are whole lines. */
function load(path: string, replay: (at: number, commands: string[][]) => void): number {
  const bytes = readFileSync(path)
  let start = 0
  for (let line = 1; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start)
    // A line without its end was never answered: the process died while it wrote.
    if (end < 0) return start
    const parsed = parseLine(bytes.toString('utf8', start, end))
    if (!parsed) {
      throw new Error(
        `"${path}" line ${line} must be a record of writes, got a damaged one: repair or move the file, or start with --fresh`,
      )
    }
    const [at, ...commands] = parsed
    replay(at, commands)
    start = end + 1
  }
  return start
}

function parseLine(text: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(text)
    return Array.isArray(line) && typeof line[0] === 'number' && line.slice(1).every(Array.isArray)
      ? (line as Line)
      : undefined
  } catch {
    return undefined
  }
}

/** Appending, so that what follows a cut stands at its end and not where the lost bytes were. */
const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND

function writeAll(file: number, text: string, write: WriteBytes): number {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += write(file, bytes, at)
  return bytes.length
}

/** The commands that make the keys as they are. */
function snapshot(keys: Keyspace): string[][] {
  return keys.keys().flatMap(key => {
    const entry = keys.entry(key)
    if (!entry) return []
    const { value } = entry
    const make =
      typeof value === 'string'
        ? ['SET', key, value]
        : entry.type === 'hash'
          ? ['HSET', key, ...[...(value as Map<string, string>)].flat()]
          : entry.type === 'list'
            ? ['RPUSH', key, ...(value as string[])]
            : entry.type === 'set'
              ? ['SADD', key, ...(value as Set<string>)]
              : [
                  'ZADD',
                  key,
                  ...[...(value as Map<string, number>)].flatMap(([member, score]) => [
                    String(score).replace('Infinity', 'inf'),
                    member,
                  ]),
                ]
    return entry.expiresAt === undefined
      ? [make]
      : [make, ['PEXPIREAT', key, String(Math.ceil(entry.expiresAt))]]
  })
}
