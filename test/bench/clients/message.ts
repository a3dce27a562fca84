/** What the broker bench sends: a body of fixed size that says which message it is and when it left. */

/** One message of one round. */
export interface Message {
  readonly round: string
  readonly n: number
  /** By {@link nowMs}. */
  readonly sentMs: number
}

/** The bytes of every body. */
export const BODY_BYTES = 512

const FILLER = 'x'.repeat(BODY_BYTES)
const N_DIGITS = 8
const TIME_DIGITS = 18

/** Milliseconds of a clock that all processes of this machine share. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** An ordinary JSON body of {@link BODY_BYTES} bytes. */
export function toBody({ round, n, sentMs }: Message): string {
  const number = String(n).padStart(N_DIGITS, '0')
  const time = sentMs.toFixed(4).padStart(TIME_DIGITS, '0')
  const head = `{"round":"${round}","n":"${number}","sent":"${time}","text":"`
  return `${head}${FILLER.slice(0, BODY_BYTES - head.length - 2)}"}`
}

/** Reads what {@link toBody} wrote. @throws SyntaxError or TypeError when it is something else */
export function parseBody(text: string): Message {
  const { round, n, sent } = JSON.parse(text) as Record<string, unknown>
  if (typeof round !== 'string') throw new TypeError(`"round" must be a text, got ${round}`)
  return { round, n: Number(n), sentMs: Number(sent) }
}

/** The attributes that go beside the body in every protocol. */
export const toAttributes = ({
  round,
  n,
}: Pick<Message, 'round' | 'n'>): Record<string, string> => ({
  'ce-specversion': '1.0',
  'ce-id': `${round}-${n}`,
  'ce-source': '/bench',
  'ce-type': 'bench.event',
})
