/** Makes a tree of operands and the binary operators between them, by precedence. */

import type { Expression, LogicOperator } from './ast.ts'
import { OPERATORS } from './operators.ts'

/** A binary operator, in upper case, with the operand on its right. */
export interface Link {
  readonly symbol: string
  readonly operand: Expression
}

/** `a + b * c` comes as `a` and the links `+ b` and `* c`. */
export function toTree(start: Expression, links: readonly Link[]): Expression {
  let current = start
  let index = 0

  function climb(level: number): Expression {
    const symbols = LEVELS[level]
    if (!symbols) return current
    const first = climb(level + 1)
    const rest: Link[] = []
    for (let link = links[index]; link && symbols.has(link.symbol); link = links[index]) {
      index += 1
      current = link.operand
      rest.push({ symbol: link.symbol, operand: climb(level + 1) })
    }
    return toNode(first, rest)
  }

  return climb(0)
}

/** The loosest first; CESQLParser.g4 has them the other way round. */
const LEVELS: readonly ReadonlySet<string>[] = [
  new Set(['AND', 'OR', 'XOR']),
  new Set(['=', '!=', '<>', '>=', '<=', '<', '>']),
  new Set(['+', '-']),
  new Set(['*', '/', '%']),
]

function toNode(first: Expression, rest: readonly Link[]): Expression {
  if (rest.length === 0) return first
  const logic = rest.flatMap(({ symbol, operand }) =>
    isLogic(symbol) ? [{ operator: symbol, operand }] : [],
  )
  if (logic.length > 0) return { kind: 'logic', first, rest: logic }
  const chain = rest.flatMap(({ symbol, operand }) => {
    const operator = OPERATORS[symbol]
    return operator ? [{ symbol, operator, operand }] : []
  })
  return { kind: 'chain', first, rest: chain }
}

function isLogic(symbol: string): symbol is LogicOperator {
  return LEVELS[0]?.has(symbol) === true
}
