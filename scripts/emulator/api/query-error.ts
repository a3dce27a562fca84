/** A mistake of the caller; every other error is ours, and its text is for the log. */
export class QueryError extends TypeError {
  override readonly name = 'QueryError'
}
