/** The words of the language (CESQLLexer.g4); keywords and names are taken in any case. */

import { createToken, Lexer, type TokenType } from 'chevrotain'

/** Any name that an attribute can have. */
export const AttributeName: TokenType = createToken({ name: 'AttributeName', pattern: Lexer.NA })
/** Letters and digits: the name of an attribute, unless it is a keyword or an integer. */
export const Name: TokenType = createToken({
  name: 'Name',
  pattern: /[a-z0-9]+/i,
  categories: [AttributeName],
})
/** Letters only: the name of an attribute or of a function. */
export const Letters: TokenType = createToken({
  name: 'Letters',
  pattern: /[a-z]+/i,
  longer_alt: Name,
  categories: [AttributeName],
})
/** With an underscore it can only be the name of a function. */
export const FunctionName: TokenType = createToken({
  name: 'FunctionName',
  pattern: /[a-z]+_[a-z_]*/i,
})

/** Any operator that stands between two operands. */
export const BinaryOperator: TokenType = createToken({
  name: 'BinaryOperator',
  pattern: Lexer.NA,
})

export const Not: TokenType = keyword('NOT')
export const Like: TokenType = keyword('LIKE')
export const In: TokenType = keyword('IN')
export const Exists: TokenType = keyword('EXISTS')
export const True: TokenType = keyword('TRUE')
export const False: TokenType = keyword('FALSE')

/** Binary between two operands, else unary. */
export const Minus: TokenType = symbol('-', [BinaryOperator])
export const Open: TokenType = symbol('(')
export const Close: TokenType = symbol(')')
export const Comma: TokenType = symbol(',')

/** The sign belongs to the literal, so `1-1` is two integers and no subtraction: `1 - 1` is one. */
export const Integer: TokenType = createToken({
  name: 'Integer',
  pattern: /[+-]?[0-9]+/,
  longer_alt: Name,
})
export const Text: TokenType = createToken({
  name: 'Text',
  pattern: /"(?:\\[\s\S]|""|[^"\\])*"|'(?:\\[\s\S]|''|[^'\\])*'/,
  line_breaks: true,
})

/** All of them, those first that win where two fit. */
export const TOKENS: TokenType[] = [
  createToken({
    name: 'WhiteSpace',
    pattern: /[ \t\r\n]+/,
    group: Lexer.SKIPPED,
    line_breaks: true,
  }),
  FunctionName,
  ...['AND', 'OR', 'XOR'].map(word => keyword(word, [BinaryOperator])),
  Not,
  Like,
  In,
  Exists,
  True,
  False,
  Letters,
  Integer,
  Name,
  Text,
  Open,
  Close,
  Comma,
  Minus,
  ...['!=', '<>', '<=', '>=', '<', '>', '=', '*', '/', '%', '+'].map(text =>
    symbol(text, [BinaryOperator]),
  ),
  BinaryOperator,
  AttributeName,
]

/** Stops at the first mistake: after it, a long input would cost time for nothing. */
export const LEXER: Lexer = new Lexer(TOKENS, {
  positionTracking: 'onlyOffset',
  ensureOptimizations: true,
  recoveryEnabled: false,
})

function keyword(name: string, categories: TokenType[] = []): TokenType {
  return createToken({
    name,
    pattern: new RegExp(name, 'i'),
    longer_alt: [Letters, Name],
    categories,
  })
}

function symbol(text: string, categories: TokenType[] = []): TokenType {
  return createToken({ name: text, pattern: text, categories })
}
