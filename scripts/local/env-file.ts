/** The file with every address and secret that a client needs, readable by its owner alone. */
import { readFileSync } from 'node:fs'
import { writeFileAtomically } from './write-file.ts'

/** What a shell reads as it stands; all else is put between single quotes. */
const PLAIN = /^[\w@%+=:,./-]*$/

/** Writes lines that a POSIX shell sources and Node's `--env-file` reads. */
export function writeEnv(file: string, env: Readonly<Record<string, string>>): void {
  const lines = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`)
  writeFileAtomically(file, `${lines.join('\n')}\n`, 0o600)
}

/** Reads a file of {@link writeEnv}. */
export function readEnv(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n')
  return Object.fromEntries(
    lines
      .filter(line => line.includes('='))
      .map(line => {
        const at = line.indexOf('=')
        return [line.slice(0, at), unquote(line.slice(at + 1))]
      }),
  )
}

const quote = (value: string): string =>
  PLAIN.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`

const unquote = (text: string): string =>
  text.startsWith("'") ? text.slice(1, -1).replaceAll(`'\\''`, "'") : text
