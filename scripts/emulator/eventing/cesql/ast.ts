/** The tree of a parsed expression; a chain of operators is one node, so that only brackets nest. */

import type { Matcher } from './like.ts'
import type { Operator } from './operators.ts'
import type { Value } from './value.ts'

/** Any node. */
export type Expression = Literal | Attribute | Exists | Call | Steps | Chain | Logic

/** A value written out. */
export interface Literal {
  readonly kind: 'literal'
  readonly value: Value
}

/** The value of a context attribute. */
export interface Attribute {
  readonly kind: 'attribute'
  readonly name: string
}

/** Whether the event has a context attribute. */
export interface Exists {
  readonly kind: 'exists'
  readonly name: string
}

/** A call; which function it reaches is only known when it is evaluated. */
export interface Call {
  readonly kind: 'call'
  /** In upper case. */
  readonly name: string
  readonly args: readonly Expression[]
}

/** An operand with its unary operators, the innermost first. */
export interface Steps {
  readonly kind: 'steps'
  readonly operand: Expression
  readonly steps: readonly Step[]
}

/** One unary operator; `LIKE` and `IN` with their right side are unary too. */
export type Step =
  | { readonly kind: 'not' }
  | { readonly kind: 'negate' }
  | { readonly kind: 'like'; readonly matches: Matcher; readonly negated: boolean }
  | { readonly kind: 'in'; readonly set: readonly Expression[]; readonly negated: boolean }

/** Operators of one precedence, to be applied from left to right. */
export interface Chain {
  readonly kind: 'chain'
  readonly first: Expression
  readonly rest: readonly {
    readonly symbol: string
    readonly operator: Operator
    readonly operand: Expression
  }[]
}

/** `AND`, `OR` and `XOR`, which are of one precedence and associate to the right. */
export interface Logic {
  readonly kind: 'logic'
  readonly first: Expression
  readonly rest: readonly { readonly operator: LogicOperator; readonly operand: Expression }[]
}

/** The operators of `Logic`. */
export type LogicOperator = 'AND' | 'OR' | 'XOR'
