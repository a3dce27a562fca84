/** What is wrong with an expression beyond its grammar, thrown out of the parser to where it is called. */

/** A mistake in the expression at a character offset; the message says what, not where. */
export class SyntaxMistake extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.name = 'SyntaxMistake'
    this.offset = offset
  }
}
