/** The process that JSONata runs in: an expression may loop for ever or eat all memory, and ends this with it. */
import jsonata from 'jsonata'

/** What is asked: the result for an input, or without one whether the expression can be parsed. */
export interface JsonataRequest {
  readonly id: number
  readonly expression: string
  /** JSON. */
  readonly input?: string
}

/** The result as JSON (undefined when there is none), or what is wrong. */
export type JsonataResult =
  | { readonly id: number; readonly output: string | undefined }
  | { readonly id: number; readonly error: string }

/** The depth that the stack carries with room to spare. */
const MAX_DEPTH = 500
const KEPT_EXPRESSIONS = 100

const parsed = new Map<string, jsonata.Expression>()

process.on('message', (request: JsonataRequest) => {
  const { id } = request
  evaluate(request).then(
    output => reply({ id, output }),
    (error: unknown) => reply({ id, error: describe(error) }),
  )
})

async function evaluate({ expression, input }: JsonataRequest): Promise<string | undefined> {
  const compiled = parse(expression)
  if (input === undefined) return undefined
  const result: unknown = await compiled.evaluate(JSON.parse(input))
  return JSON.stringify(result)
}

function parse(expression: string): jsonata.Expression {
  const known = parsed.get(expression)
  if (known) return known
  const compiled = jsonata(expression, { stack: MAX_DEPTH })
  if (parsed.size >= KEPT_EXPRESSIONS) parsed.clear()
  parsed.set(expression, compiled)
  return compiled
}

const reply = (result: JsonataResult): unknown => process.send?.(result)

process.once('disconnect', () => process.exit())
// Id 0: loaded, and ready for the first request.
reply({ id: 0, output: undefined })

/** JSONata throws plain objects as well as errors. */
function describe(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const { code, message, position } = error as {
    code?: unknown
    message?: unknown
    position?: unknown
  }
  const at = typeof position === 'number' ? ` at ${position}` : ''
  return `${typeof code === 'string' ? `${code}: ` : ''}${String(message)}${at}`
}
