/** Kills what we started when we cannot: a tiny shell that outlives a `kill -9` of the emulator. */
import { spawn } from 'node:child_process'

/** Knows the process groups that must not outlive us. */
export interface ProcessGuard {
  /** Watches over the process group led by `pid`. */
  add(pid: number): void
  /** The group is gone. */
  remove(pid: number): void
  /** Kills every group still known and ends the guard. */
  close(): Promise<void>
}

/**
 * Reads `+pid` and `-pid` lines. Its input ends when we close it or die in any way; then it kills what is left. It
 * ignores the signals of a terminal, which reach it only by mistake since it leads a session of its own.
 */
const SCRIPT = `
trap '' INT TERM HUP
all=' '
while read -r line; do
  pid="\${line#?}"
  case "$line" in
    +*) all="$all$pid " ;;
    -*) case "$all" in *" $pid "*) all="\${all%% $pid *} \${all#* $pid }" ;; esac ;;
  esac
done
for pid in $all; do kill -9 "-$pid" 2>/dev/null; done
exit 0
`

/** Starts the guard. */
export function createProcessGuard(): ProcessGuard {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: {},
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
    add: pid => tell(`+${pid}`),
    remove: pid => tell(`-${pid}`),
    close: () => {
      shell.ref()
      shell.stdin.end()
      return ended
    },
  }
}
