/** Splits SQL into statements, so that an error can name the line of the one that failed. */

/** A statement and the line of the file on which it begins. */
export interface Statement {
  text: string
  line: number
}

/**
 * What must be passed over as a whole, because a `;` within it ends nothing (PostgreSQL 4.1): comments, quoted text,
 * names, and dollar-quoted bodies. A body in the newer `begin atomic` form is not known: write it between dollar signs.
 */
const TOKEN =
  /--[^\n]*|\/\*|\b[eE]'(?:\\[\s\S]|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|\$([A-Za-z_]\w*|)\$[\s\S]*?\$\1\$|;/g

/** The statements of `sql`, without those that are empty or only a comment. */
export function splitStatements(sql: string): Statement[] {
  const statements: Statement[] = []
  let from = 0
  const take = (to: number): void => {
    const part = sql.slice(from, to)
    const lead = leadOf(part)
    const text = part.slice(lead).trimEnd()
    if (text !== '') statements.push({ text, line: lineAt(sql, from + lead) })
    from = to + 1
  }
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(sql); match; match = TOKEN.exec(sql)) {
    if (match[0] === '/*') TOKEN.lastIndex = endOfComment(sql, match.index)
    else if (match[0] === ';') take(match.index)
  }
  take(sql.length)
  return statements
}

/** The line, counted from 1, of the character at `index`. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

/** Length of the blanks and comments that come before the statement. */
function leadOf(part: string): number {
  let at = 0
  for (;;) {
    const blank = /^(\s+|--[^\n]*)/.exec(part.slice(at))?.[0].length
    if (blank) at += blank
    else if (part.startsWith('/*', at)) at = endOfComment(part, at)
    else return at
  }
}

/** Block comments nest (PostgreSQL 4.1.5). */
function endOfComment(sql: string, start: number): number {
  let depth = 0
  for (let at = start; at < sql.length; at += 1) {
    const pair = sql.slice(at, at + 2)
    if (pair !== '/*' && pair !== '*/') continue
    depth += pair === '/*' ? 1 : -1
    at += 1
    if (depth === 0) return at + 1
  }
  return sql.length
}
