/** A second, naive evaluator with its own tree and printer; it shares no code with the first. */

export type Node =
  | { is: 'bool'; value: boolean }
  | { is: 'int'; value: number }
  | { is: 'text'; value: string }
  | { is: 'name'; name: string }
  | { is: 'exists'; name: string }
  | { is: 'not' | 'minus'; of: Node }
  | { is: 'like'; of: Node; pattern: string; not: boolean }
  | { is: 'in'; of: Node; set: Node[]; not: boolean }
  | { is: 'binary'; sign: string; left: Node; right: Node }
  | { is: 'call'; name: string; args: Node[] }

type Plain = boolean | number | string

/** What an error means while it travels up; `value` only counts when nothing encloses it. */
class Failure extends Error {
  readonly value: Plain
  constructor(kind: string, value: Plain) {
    super(kind)
    this.value = value
  }
}

const STRENGTH: Record<string, number> = {
  ...{ AND: 1, OR: 1, XOR: 1 },
  ...{ '=': 2, '!=': 2, '<>': 2, '<': 2, '<=': 2, '>': 2, '>=': 2 },
  ...{ '+': 3, '-': 3, '*': 4, '/': 4, '%': 4 },
}
const POSTFIX = 5
const PREFIX = 6
const ATOM = 7

/** With no more brackets than the precedence asks for, or with all of them. */
export function print(node: Node, brackets: 'few' | 'all'): string {
  const inner = (child: Node, least: number): string => {
    const text = print(child, brackets)
    const needed = brackets === 'all' ? strength(child) < ATOM : strength(child) < least
    return needed ? `(${text})` : text
  }
  switch (node.is) {
    case 'bool':
      return node.value ? 'TRUE' : 'false'
    case 'int':
      return String(node.value)
    case 'text':
      return quote(node.value)
    case 'name':
      return node.name
    case 'exists':
      return `EXISTS ${node.name}`
    case 'not':
      return `NOT ${inner(node.of, PREFIX)}`
    case 'minus':
      return `- ${inner(node.of, PREFIX)}`
    case 'like':
      return `${inner(node.of, POSTFIX)}${node.not ? ' NOT' : ''} LIKE ${quote(node.pattern)}`
    case 'in':
      return `${inner(node.of, POSTFIX)}${node.not ? ' NOT' : ''} IN (${list(node.set, brackets)})`
    case 'call':
      return `${node.name}(${list(node.args, brackets)})`
    case 'binary': {
      const own = strength(node)
      const [left, right] = own === 1 ? [own + 1, own] : [own, own + 1]
      return `${inner(node.left, left)} ${node.sign} ${inner(node.right, right)}`
    }
  }
}

/** Value and error, computed by exceptions and big integers. */
export function judge(node: Node, event: Record<string, Plain>): { value: Plain; error?: string } {
  try {
    return { value: walk(node, event) }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { value: error.value, error: error.message }
  }
}

function walk(node: Node, event: Record<string, Plain>): Plain {
  if (node.is === 'bool' || node.is === 'int' || node.is === 'text') return node.value
  if (node.is === 'exists')
    return ['id', 'type', 'source', 'specversion'].includes(node.name) || node.name in event
  if (node.is === 'name') {
    const value = event[node.name]
    if (value === undefined) throw new Failure('missingAttribute', false)
    return value
  }
  const zero = zeroOf(node)
  const get = (child: Node): Plain => {
    try {
      return walk(child, event)
    } catch (error) {
      if (error instanceof Failure) throw new Failure(error.message, zero)
      throw error
    }
  }
  const as = <T>(convert: (value: Plain) => T | null, value: Plain): T => {
    const result = convert(value)
    if (result === null) throw new Failure('cast', zero)
    return result
  }
  switch (node.is) {
    case 'not':
      return !as(bool, get(node.of))
    case 'minus':
      return wrap(-BigInt(as(int, get(node.of))))
    case 'like':
      return like([...String(get(node.of))], [...node.pattern]) !== node.not
    case 'in': {
      const value = get(node.of)
      const found = node.set.some(element => as(castLike(value), get(element)) === value)
      return found !== node.not
    }
    case 'call':
      if (node.name === 'NOWHERE') throw new Failure('missingFunction', zero)
      return invoke(node.name, node.args.map(get), as)
    case 'binary':
      return operate(node, get, as, zero)
  }
}

function operate(
  node: Extract<Node, { is: 'binary' }>,
  get: (child: Node) => Plain,
  as: <T>(convert: (value: Plain) => T | null, value: Plain) => T,
  zero: Plain,
): Plain {
  const { sign } = node
  if (sign === 'AND') return as(bool, get(node.left)) ? as(bool, get(node.right)) : false
  if (sign === 'OR') return as(bool, get(node.left)) ? true : as(bool, get(node.right))
  if (sign === 'XOR') {
    const left = as(bool, get(node.left))
    return left !== as(bool, get(node.right))
  }
  const left = get(node.left)
  const right = get(node.right)
  if (sign === '=') return as(castLike(right), left) === right
  if (sign === '!=' || sign === '<>') return as(castLike(right), left) !== right
  const a = BigInt(as(int, left))
  const b = BigInt(as(int, right))
  if (sign === '<') return a < b
  if (sign === '<=') return a <= b
  if (sign === '>') return a > b
  if (sign === '>=') return a >= b
  if (sign === '+') return wrap(a + b)
  if (sign === '-') return wrap(a - b)
  if (sign === '*') return wrap(a * b)
  if (b === 0n) throw new Failure('math', zero)
  return wrap(sign === '/' ? a / b : a % b)
}

function invoke(
  name: string,
  args: Plain[],
  as: <T>(convert: (value: Plain) => T | null, value: Plain) => T,
): Plain {
  const [x = '', y = ''] = args
  if (name === 'LENGTH') return [...String(x)].length
  if (name === 'CONCAT') return args.map(String).join('')
  if (name === 'UPPER') return String(x).toUpperCase()
  if (name === 'INT') return as(int, x)
  if (name === 'BOOL') return as(bool, x)
  if (name === 'STRING') return String(x)
  if (name === 'LEFT') {
    const count = as(int, y)
    if (count < 0) throw new Failure('functionEvaluation', String(x))
    return [...String(x)].slice(0, count).join('')
  }
  throw new TypeError(`"name" must be a function of the model, got ${name}`)
}

function zeroOf(node: Node): Plain {
  if (node.is === 'minus') return 0
  if (node.is === 'binary') return strength(node) >= 3 ? 0 : false
  if (node.is !== 'call') return false
  if (node.name === 'LENGTH' || node.name === 'INT') return 0
  return ['CONCAT', 'UPPER', 'STRING', 'LEFT'].includes(node.name) ? '' : false
}

function strength(node: Node): number {
  if (node.is === 'binary') return STRENGTH[node.sign] ?? 0
  if (node.is === 'like' || node.is === 'in') return POSTFIX
  return node.is === 'not' || node.is === 'minus' ? PREFIX : ATOM
}

const list = (nodes: Node[], brackets: 'few' | 'all'): string =>
  nodes.map(node => print(node, brackets)).join(', ')

const quote = (text: string): string =>
  text.includes("'") ? `"${text.replaceAll('"', '')}"` : `'${text}'`

const wrap = (value: bigint): number => Number(BigInt.asIntN(32, value))

function int(value: Plain): number | null {
  if (typeof value !== 'string') return Number(value)
  if (value === '' || [...value.replace(/^[+-]/, '')].some(sign => !'0123456789'.includes(sign)))
    return null
  if (value === '+' || value === '-') return null
  const whole = BigInt(value.replace('+', ''))
  return BigInt.asIntN(32, whole) === whole ? Number(whole) : null
}

function bool(value: Plain): boolean | null {
  if (typeof value !== 'string') return Boolean(value)
  if (/^true$/i.test(value)) return true
  return /^false$/i.test(value) ? false : null
}

function castLike(target: Plain): (value: Plain) => Plain | null {
  if (typeof target === 'string') return String
  return typeof target === 'number' ? int : bool
}

/** By its definition: a run matches nothing, or a character and then itself. */
function like(text: string[], pattern: string[]): boolean {
  let fits = [true, ...text.map(() => false)]
  for (let index = 0; index < pattern.length; index += 1) {
    let sign = pattern[index]
    const escaped = sign === '\\' && (pattern[index + 1] === '%' || pattern[index + 1] === '_')
    if (escaped) {
      index += 1
      sign = pattern[index]
    }
    const next = text.map(
      (letter, at) => fits[at] === true && (letter === sign || (sign === '_' && !escaped)),
    )
    if (sign === '%' && !escaped) {
      const from = fits.indexOf(true)
      fits = fits.map((_, at) => from >= 0 && at >= from)
    } else fits = [false, ...next]
  }
  return fits.at(-1) === true
}
