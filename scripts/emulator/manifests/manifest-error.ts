/** What is wrong with the manifests, all of it at once, each problem with its place. */

/**
 * One problem. Knative's webhook would say `${message}: ${field}`; a field of the empty string is the file itself.
 */
export interface ManifestProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Several when it is about them together: `spec.a, spec.b`. */
  readonly field: string
  readonly message: string
  /** More words on lines of their own. */
  readonly details?: string
}

/** A user error: the manifests cannot be applied. Nothing was started. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'
  readonly code = 'manifest_invalid'
  readonly problems: readonly ManifestProblem[]

  constructor(problems: readonly ManifestProblem[]) {
    const sorted = problems.toSorted(byPlace)
    super(sorted.map(toLine).join('\n'))
    this.problems = sorted
  }
}

function byPlace(a: ManifestProblem, b: ManifestProblem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}

function toLine({ file, line, field, message, details }: ManifestProblem): string {
  const more = details === undefined ? '' : `\n${details}`
  return `${file}:${line}: ${field === '' ? '' : `${field}: `}${message}${more}`
}
