/** The grammar (CESQLParser.g4): operands with their unary operators, and binary operators between. */

import { EmbeddedActionsParser, type IToken } from 'chevrotain'
import type { Expression, Step } from './ast.ts'
import { createMatcher, MAX_PART_LENGTH } from './like.ts'
import { toInteger, toText } from './literals.ts'
import { type Link, toTree } from './precedence.ts'
import { SyntaxMistake } from './syntax-mistake.ts'
import * as token from './tokens.ts'

/** A class because the parser library takes its rules from the fields of one. */
export class Grammar extends EmbeddedActionsParser {
  readonly expression: () => Expression = this.RULE('expression', () => {
    const first = this.SUBRULE(this.operand)
    const links: Link[] = []
    this.MANY(() => {
      const symbol = this.CONSUME(token.BinaryOperator).image.toUpperCase()
      links.push({ symbol, operand: this.SUBRULE1(this.operand) })
    })
    return this.ACTION(() => toTree(first, links))
  })

  /** Signs and `NOT` bind tighter than `LIKE` and `IN`, so they apply first. */
  private readonly operand: () => Expression = this.RULE('operand', (): Expression => {
    const prefixes: Step[] = []
    const postfixes: Step[] = []
    this.MANY(() => prefixes.push(this.SUBRULE(this.prefix)))
    const operand = this.SUBRULE(this.primary)
    this.MANY1(() => postfixes.push(this.SUBRULE(this.postfix)))
    const steps = [...prefixes.reverse(), ...postfixes]
    return steps.length === 0 ? operand : { kind: 'steps', operand, steps }
  })

  private readonly prefix: () => Step = this.RULE('prefix', () =>
    this.OR([
      { ALT: (): Step => toStep(this.CONSUME(token.Not), { kind: 'not' }) },
      { ALT: (): Step => toStep(this.CONSUME(token.Minus), { kind: 'negate' }) },
    ]),
  )

  private readonly postfix: () => Step = this.RULE('postfix', () => {
    const negated = this.OPTION(() => this.CONSUME(token.Not)) !== undefined
    return this.OR([
      {
        ALT: (): Step => {
          this.CONSUME(token.Like)
          const pattern = this.CONSUME(token.Text)
          return this.ACTION(() => toLike(pattern, negated))
        },
      },
      {
        ALT: (): Step => {
          this.CONSUME(token.In)
          return { kind: 'in', set: this.SUBRULE(this.set), negated }
        },
      },
    ])
  })

  private readonly primary: () => Expression = this.RULE('primary', () =>
    this.OR([
      { ALT: (): Expression => this.SUBRULE(this.literal) },
      { ALT: (): Expression => this.SUBRULE(this.named) },
      {
        ALT: (): Expression => {
          const { image } = this.CONSUME(token.FunctionName)
          const args = this.SUBRULE(this.parameters)
          return { kind: 'call', name: image.toUpperCase(), args }
        },
      },
      {
        ALT: (): Expression => {
          const { image } = this.CONSUME(token.Name)
          return { kind: 'attribute', name: image.toLowerCase() }
        },
      },
      {
        ALT: (): Expression => {
          this.CONSUME(token.Exists)
          const { image } = this.CONSUME(token.AttributeName)
          return { kind: 'exists', name: image.toLowerCase() }
        },
      },
      {
        ALT: (): Expression => {
          this.CONSUME(token.Open)
          const inner = this.SUBRULE(this.expression)
          this.CONSUME(token.Close)
          return inner
        },
      },
    ]),
  )

  /** A word of letters is a function when a bracket follows, else an attribute. */
  private readonly named: () => Expression = this.RULE('named', (): Expression => {
    const { image } = this.CONSUME(token.Letters)
    const args = this.OPTION(() => this.SUBRULE(this.parameters))
    return args
      ? { kind: 'call', name: image.toUpperCase(), args }
      : { kind: 'attribute', name: image.toLowerCase() }
  })

  private readonly literal: () => Expression = this.RULE('literal', () =>
    this.OR([
      { ALT: () => toLiteral(this.CONSUME(token.True), () => true) },
      { ALT: () => toLiteral(this.CONSUME(token.False), () => false) },
      {
        ALT: () => {
          const integer = this.CONSUME(token.Integer)
          return this.ACTION(() => toLiteral(integer, toInteger))
        },
      },
      { ALT: () => toLiteral(this.CONSUME(token.Text), toText) },
    ]),
  )

  private readonly parameters: () => Expression[] = this.RULE('parameters', () => {
    const expressions: Expression[] = []
    this.CONSUME(token.Open)
    this.MANY_SEP({
      SEP: token.Comma,
      DEF: () => expressions.push(this.SUBRULE(this.expression)),
    })
    this.CONSUME(token.Close)
    return expressions
  })

  private readonly set: () => Expression[] = this.RULE('set', () => {
    const expressions: Expression[] = []
    this.CONSUME(token.Open)
    this.AT_LEAST_ONE_SEP({
      SEP: token.Comma,
      DEF: () => expressions.push(this.SUBRULE(this.expression)),
    })
    this.CONSUME(token.Close)
    return expressions
  })

  constructor() {
    super(token.TOKENS, { maxLookahead: 2 })
    this.performSelfAnalysis()
  }
}

function toStep(_: IToken, step: Step): Step {
  return step
}

function toLiteral(
  literal: IToken,
  read: (literal: IToken) => boolean | number | string,
): Expression {
  return { kind: 'literal', value: read(literal) }
}

function toLike(pattern: IToken, negated: boolean): Step {
  const matches = createMatcher(toText(pattern))
  if (matches) return { kind: 'like', matches, negated }
  const mistake = `a pattern may have ${MAX_PART_LENGTH} characters between two "%", got more`
  throw new SyntaxMistake(mistake, pattern.startOffset)
}
