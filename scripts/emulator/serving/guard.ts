/** Kills what we started when we cannot: a tiny shell that outlives a `kill -9` of the emulator. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'

/** Knows the process groups that must not outlive us. */
export interface ProcessGuard {
  /** What each guarded process carries in its environment: one that was being born when we died is known by it. */
  readonly environment: Readonly<Record<string, string>>
  /** Watches over the process group led by `pid`. */
  add(pid: number): void
  /** The group is gone. */
  remove(pid: number): void
  /** Kills every group still known and ends the guard. */
  close(): Promise<void>
}

/** Names the emulator that a process belongs to. */
const MARK = 'EMULATOR_GUARD'

/**
 * Reads `+pid` and `-pid` lines, and `=` when we close with nothing left. Its input ends when we close it or die in any
 * way; then it kills what is left. A process that was being born at that moment has not been told of: for a second it
 * is looked for by its mark (where there is a /proc). The guard ignores the signals of a terminal, which reach it only
 * by mistake since it leads a session of its own.
 */
const SCRIPT = `
trap '' INT TERM HUP
all=' '
while read -r line; do
  pid="\${line#?}"
  case "$line" in
    =) exit 0 ;;
    +*) all="$all$pid " ;;
    -*) case "$all" in *" $pid "*) all="\${all%% $pid *} \${all#* $pid }" ;; esac ;;
  esac
done
for pid in $all; do kill -9 "-$pid" 2>/dev/null; done
for _ in 1 2 3 4 5; do
  for file in $(grep -lz "^$MARK=$TOKEN$" /proc/[0-9]*/environ 2>/dev/null); do
    pid="\${file#/proc/}"
    kill -9 "\${pid%/environ}" 2>/dev/null
  done
  sleep 0.2
done
exit 0
`

/** Starts the guard. */
export function createProcessGuard(): ProcessGuard {
  const token = randomUUID()
  const known = new Set<number>()
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', MARK, TOKEN: token },
  })
  const ended = new Promise<void>(resolve => {
    shell.once('exit', () => resolve())
    shell.once('error', () => resolve())
  })
  // A guard that was killed itself must not take the emulator down with EPIPE.
  shell.stdin.on('error', () => {})
  shell.unref()
  const tell = (line: string): void => {
    if (shell.stdin.writable) shell.stdin.write(`${line}\n`)
  }
  return {
    environment: { [MARK]: token },
    add(pid) {
      known.add(pid)
      tell(`+${pid}`)
    },
    remove(pid) {
      known.delete(pid)
      tell(`-${pid}`)
    },
    close: () => {
      shell.ref()
      shell.stdin.end(known.size === 0 ? '=\n' : undefined)
      return ended
    },
  }
}
