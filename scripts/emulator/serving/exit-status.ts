/** How a process ended, in the words of a container's status. */

const SIGNAL_BASE = 128
const SIGNALS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
}

/** A process killed by a signal reports 128 + its number, as a container does. */
export function toExitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? SIGNAL_BASE + (SIGNALS[signal ?? ''] ?? 0)
}

/** For a sentence whose subject is the process. */
export function toHow(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`
}
