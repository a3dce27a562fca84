/** Full-text matching on a payload field with a text index (qdrant `full_text_index/tokenizers`). */
import { formatError } from './error.ts'
import { field, type Json, type JsonObject, optionalInteger } from './json.ts'

/** What a text condition asks for. */
export type TextMode = 'text' | 'text_any' | 'phrase'

/** The settings of a text index. */
export interface TextIndex {
  tokenizer: 'word' | 'whitespace' | 'prefix' | 'multilingual'
  minLength: number
  maxLength: number
  lowercase: boolean
}

/** Reads the parameters of a text index. */
export function parseTextIndex(parameters: JsonObject): TextIndex {
  const tokenizer = field(parameters, 'tokenizer') ?? 'word'
  if (!isTokenizer(tokenizer)) {
    throw formatError(
      `unknown variant \`${tokenizer}\`, expected one of \`prefix\`, \`whitespace\`, \`word\`, \`multilingual\``,
    )
  }
  return {
    tokenizer,
    minLength: optionalInteger(parameters, 'min_token_len', { fallback: 0, minimum: 0 }),
    maxLength: optionalInteger(parameters, 'max_token_len', { fallback: 1e9, minimum: 1 }),
    lowercase: field(parameters, 'lowercase') !== false,
  }
}

/** Whether a text matches: by tokens when the field has a text index, else by substring. */
export function createTextMatcher(
  query: string,
  mode: TextMode,
  index: TextIndex | undefined,
): (text: string) => boolean {
  if (!index) {
    if (mode !== 'text_any') return text => text.includes(query)
    const words = query.split(/\s+/).filter(Boolean)
    return text => words.some(word => text.includes(word))
  }
  const wanted = toTokens(query, index)
  if (wanted.length === 0) return () => false
  if (mode === 'phrase') {
    return text => {
      const tokens = toTokens(text, index)
      return tokens.some((_, start) => wanted.every((word, at) => tokens[start + at] === word))
    }
  }
  const has = (tokens: string[], word: string): boolean =>
    index.tokenizer === 'prefix'
      ? tokens.some(token => token.startsWith(word))
      : tokens.includes(word)
  return text => {
    const tokens = toTokens(text, index)
    return mode === 'text'
      ? wanted.every(word => has(tokens, word))
      : wanted.some(word => has(tokens, word))
  }
}

function toTokens(
  text: string,
  { tokenizer, minLength, maxLength, lowercase }: TextIndex,
): string[] {
  const cased = lowercase ? text.toLowerCase() : text
  const words = SPLIT[tokenizer](cased)
  return words.filter(
    word => word.length >= minLength && (tokenizer === 'prefix' || word.length <= maxLength),
  )
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' })

const byWord = (text: string): string[] => text.split(/[^\p{Alphabetic}\p{N}]+/u).filter(Boolean)

const SPLIT: Record<TextIndex['tokenizer'], (text: string) => string[]> = {
  word: byWord,
  prefix: byWord,
  whitespace: text => text.split(/\s+/).filter(Boolean),
  multilingual: text =>
    [...segmenter.segment(text)].filter(part => part.isWordLike).map(part => part.segment),
}

const isTokenizer = (value: Json): value is TextIndex['tokenizer'] =>
  typeof value === 'string' && Object.hasOwn(SPLIT, value)
