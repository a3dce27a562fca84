/** Reads the folders of manifests, checks all of them, and refuses before anything starts. */
import { createJsonField, type Field } from './field.ts'
import { ManifestError, type ManifestProblem } from './manifest-error.ts'
import { type ReadResource, readDocument } from './read-document.ts'
import { findRevisionLimits } from './revision-limits.ts'
import type { Manifests } from './types.ts'
import { readYamlFiles, readYamlText, type YamlDocument } from './yaml-files.ts'

/**
 * Loads every `*.yaml` at or below the paths. Skips kustomizations, folders named `overlays` (patches), and workflow
 * definitions (documents with `document.dsl`), which are not Kubernetes objects.
 * @throws ManifestError with every problem found
 */
export function loadManifests(paths: readonly string[]): Manifests {
  return collect(problems => readYamlFiles(paths, problems))
}

/**
 * The same for a text of one or more documents; `file` is how problems name it.
 * @throws ManifestError with every problem found
 */
export function parseManifests(text: string, file = 'manifests'): Manifests {
  return collect(problems => readYamlText(text, file, problems))
}

/** Where manifests come from: a path, a text of YAML (it has more than one line), an object, or all of it read before. */
export type ManifestSource = string | Readonly<Record<string, unknown>> | Partial<Manifests>

/**
 * Loads from any sources.
 * @throws ManifestError with every problem found
 */
export function readManifests(sources: readonly ManifestSource[]): Manifests {
  const written = sources.filter(source => typeof source === 'string' || 'apiVersion' in source)
  const read = collect(problems =>
    written.flatMap((source, index) => {
      const file = `manifest ${index + 1}`
      if (typeof source !== 'string') {
        return [{ file, root: createJsonField(source, { file, problems }) }]
      }
      return source.includes('\n')
        ? readYamlText(source, file, problems)
        : readYamlFiles([source], problems)
    }),
  )
  const lists = sources.filter((source): source is Partial<Manifests> => !written.includes(source))
  return Object.fromEntries(
    Object.entries(read).map(([list, items]) => [
      list,
      [
        ...items,
        ...lists.flatMap((given): readonly unknown[] => given[list as keyof Manifests] ?? []),
      ],
    ]),
  ) as unknown as Manifests
}

function collect(read: (problems: ManifestProblem[]) => YamlDocument[]): Manifests {
  const problems: ManifestProblem[] = []
  const found = emptyLists()
  const seen = new Map<string, string>()
  const documents = read(problems)
  const limits = findRevisionLimits(documents.map(({ root }) => root.value))
  for (const { root, file } of documents) {
    const result = readDocument(root, file, limits)
    if (!result) continue
    // The reader's table pairs each list with its items.
    ;(found[result.list] as unknown[]).push(result.resource)
    refuseTwin(root, result, seen)
  }
  if (problems.length > 0) throw new ManifestError(problems)
  return found
}

type Lists = { -readonly [List in keyof Manifests]: Manifests[List][number][] }

const emptyLists = (): Lists => ({
  services: [],
  brokers: [],
  triggers: [],
  channels: [],
  subscriptions: [],
  eventing: [],
  configMaps: [],
  others: [],
})

function refuseTwin(
  root: Field,
  { kind, resource }: ReadResource,
  seen: Map<string, string>,
): void {
  if (resource.name === '') return
  const key = `${kind} ${resource.namespace}/${resource.name}`
  const before = seen.get(key)
  if (before === undefined) seen.set(key, `${resource.file}:${resource.line}`)
  else root.get('metadata').get('name').report(`"${resource.name}" is defined already in ${before}`)
}
