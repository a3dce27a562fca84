/** A replica's standard output and error: passed on line by line, the last lines kept for error reports. */
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** The lines that a replica printed. */
export interface OutputCapture {
  /** Takes over a stream. */
  attach(stream: Readable): void
  /** The last lines, oldest first. */
  tail(): string[]
}

const KEPT_LINES = 50
/** A longer line is cut into several, so that a stream without newlines cannot fill the memory. */
const MAX_LINE_CHARS = 16_384

/** Captures streams and calls `onLine` for each line. */
export function createOutputCapture(onLine: (line: string) => void): OutputCapture {
  const kept: string[] = []

  function emit(line: string): void {
    kept.push(line)
    if (kept.length > KEPT_LINES) kept.shift()
    onLine(line)
  }

  function attach(stream: Readable): void {
    const decoder = new StringDecoder('utf8')
    let rest = ''
    const take = (text: string): void => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) emit(line.endsWith('\r') ? line.slice(0, -1) : line)
      while (rest.length > MAX_LINE_CHARS) {
        emit(rest.slice(0, MAX_LINE_CHARS))
        rest = rest.slice(MAX_LINE_CHARS)
      }
    }
    stream.on('data', (chunk: Buffer) => take(decoder.write(chunk)))
    stream.on('error', () => {})
    stream.on('end', () => {
      take(decoder.end())
      if (rest !== '') emit(rest)
      rest = ''
    })
  }

  return { attach, tail: () => [...kept] }
}
