/** Keeps what was logged, for tests to look at. */
import type { Fields, Log } from './log.ts'

/** One line. `output` is a line that a function itself printed. */
export interface LogLine {
  readonly level: 'info' | 'warn' | 'error' | 'output'
  /** The function or part that it is about. */
  readonly scope: string
  readonly message: string
}

/** A log that remembers its latest lines. */
export interface LogTap {
  readonly log: Log
  lines(scope?: string): LogLine[]
}

const KEPT_LINES = 10_000

/** Passes everything on to `next`, if there is one. */
export function createLogTap(next: Log | undefined): LogTap {
  const lines: LogLine[] = []

  const at =
    (level: LogLine['level']) =>
    (scope: string, message: string, fields?: Fields): void => {
      lines.push({ level, scope, message })
      if (lines.length > KEPT_LINES) lines.shift()
      next?.[level](scope, message, fields as Fields)
    }

  return {
    log: { info: at('info'), warn: at('warn'), error: at('error'), output: at('output') },
    lines: scope => lines.filter(line => scope === undefined || line.scope === scope),
  }
}
