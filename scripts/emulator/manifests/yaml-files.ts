/** Finds the manifest files below the given paths and parses their documents. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { LineCounter, parseAllDocuments } from 'yaml'
import { createField, type Field } from './field.ts'
import type { ManifestProblem } from './manifest-error.ts'

/** One YAML document of a file. */
export interface YamlDocument {
  readonly file: string
  readonly root: Field
}

const EXTENSIONS = ['.yaml', '.yml']
/** Not objects: instructions to kustomize, which the emulator has no use for. */
const KUSTOMIZATIONS = ['kustomization.yaml', 'kustomization.yml']
/** Overlays hold patches of objects that stand elsewhere. */
const SKIPPED_FOLDERS = ['overlays', 'node_modules']

/** Every document below the paths, in the order of file names; what cannot be read goes to `problems`. */
export function readYamlFiles(
  paths: readonly string[],
  problems: ManifestProblem[],
): YamlDocument[] {
  const files = new Set(paths.flatMap(path => listFiles(path, problems)))
  return [...files].flatMap(file => parseFile(file, problems))
}

function listFiles(path: string, problems: ManifestProblem[]): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const entries = readdirSync(path, { withFileTypes: true })
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    return entries.flatMap(entry => {
      const below = join(path, entry.name)
      if (entry.isDirectory())
        return SKIPPED_FOLDERS.includes(entry.name) ? [] : listFiles(below, problems)
      return EXTENSIONS.includes(extname(entry.name)) && !KUSTOMIZATIONS.includes(entry.name)
        ? [below]
        : []
    })
  } catch (error) {
    problems.push(toProblem(path, error))
    return []
  }
}

function parseFile(file: string, problems: ManifestProblem[]): YamlDocument[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    problems.push(toProblem(file, error))
    return []
  }
  return readYamlText(text, file, problems)
}

/** Every document of a text; what is no YAML goes to `problems`. */
export function readYamlText(
  text: string,
  file: string,
  problems: ManifestProblem[],
): YamlDocument[] {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  if (!Array.isArray(documents)) return []
  return documents.flatMap(document => {
    for (const error of document.errors) {
      const { line, col } = lines.linePos(error.pos[0])
      problems.push({
        file,
        line,
        column: col,
        field: '',
        message: `not valid YAML: ${error.message}`,
      })
    }
    if (document.errors.length > 0) return []
    const root = createField({ file, document, lines, problems })
    return root.value === null ? [] : [{ file, root }]
  })
}

function toProblem(file: string, error: unknown): ManifestProblem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const message = code === 'ENOENT' ? 'no such file or folder' : `cannot be read (${code})`
  return { file, line: 1, column: 1, field: '', message }
}
