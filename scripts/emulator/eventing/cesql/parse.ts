/** From text to tree, within limits: what is too long or nested too deep is a mistake like any other. */

import { EOF, type IRecognitionException, type IToken } from 'chevrotain'
import type { Expression } from './ast.ts'
import { Grammar } from './grammar.ts'
import { SyntaxMistake } from './syntax-mistake.ts'
import { Close, LEXER, Open } from './tokens.ts'

/** The longest expression, in UTF-16 code units. */
export const MAX_LENGTH: number = 65_536

/** The deepest nesting of brackets. Signs, `NOT` and chains of operators do not nest, however long. */
export const MAX_DEPTH: number = 100

/** The tree, or a SyntaxMistake that says where it went wrong. */
export function parse(text: string): Expression {
  if (text.length > MAX_LENGTH)
    throw new SyntaxMistake(`at most ${MAX_LENGTH} characters, got ${text.length}`, MAX_LENGTH)
  const { tokens, errors } = LEXER.tokenize(text)
  if (errors[0]) throw unreadable(text, errors[0].offset)
  assertDepth(tokens)
  shared ??= new Grammar()
  const grammar = shared
  grammar.input = tokens
  const expression = grammar.expression()
  if (grammar.errors[0]) throw unexpected(text, grammar.errors[0])
  return expression
}

/** Building the grammar takes some milliseconds, so only who uses CESQL pays for them. */
let shared: Grammar | undefined

function assertDepth(tokens: readonly IToken[]): void {
  let depth = 0
  for (const { tokenType, startOffset } of tokens) {
    if (tokenType === Open) depth += 1
    else if (tokenType === Close) depth -= 1
    if (depth > MAX_DEPTH)
      throw new SyntaxMistake(`at most ${MAX_DEPTH} nested brackets, got more`, startOffset)
  }
}

function unreadable(text: string, offset: number): SyntaxMistake {
  const character = String.fromCodePoint(text.codePointAt(offset) ?? 0)
  return character === '"' || character === "'"
    ? new SyntaxMistake('a string is not closed', offset)
    : new SyntaxMistake(`unexpected character ${JSON.stringify(character)}`, offset)
}

function unexpected(text: string, { token }: IRecognitionException): SyntaxMistake {
  if (token.tokenType === EOF) return new SyntaxMistake('unexpected end', text.length)
  const sign = /^[+-]\d/.test(token.image)
    ? `, where ${token.image.charAt(0)} belongs to the number: put a blank after an operator`
    : ''
  const image = token.image.length > 40 ? `${token.image.slice(0, 40)}…` : token.image
  return new SyntaxMistake(`unexpected ${image}${sign}`, token.startOffset)
}
