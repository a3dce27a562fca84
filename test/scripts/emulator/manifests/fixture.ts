/** Manifests in; what was read, or what is wrong with them, out. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { loadManifests } from '../../../../scripts/emulator/manifests/load.ts'
import { ManifestError } from '../../../../scripts/emulator/manifests/manifest-error.ts'
import { readJsonDocument } from '../../../../scripts/emulator/manifests/read-document.ts'
import type { Manifests } from '../../../../scripts/emulator/manifests/types.ts'

/** The smallest Service; its container is line 10, and the next line is the eleventh. */
export const SERVICE = `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: orders
  namespace: shop
spec:
  template:
    spec:
      containers:
        - image: registry.test/orders
`

/** Reads a folder of these files. */
export const load = (files: Record<string, string>): Manifests => loadManifests([write(files)])

/** The refusal of a folder of these files; `more` are paths below it that are asked for too. */
export function failure(files: Record<string, string>, more: string[] = []): ManifestError {
  const directory = write(files)
  return refusalOf(() => loadManifests([...more.map(path => join(directory, path)), directory]))
}

/** What `read` was refused with. */
export function refusalOf(read: () => unknown): ManifestError {
  try {
    read()
  } catch (error) {
    if (error instanceof ManifestError) return error
    throw error
  }
  throw new Error('it was not refused')
}

/** The problems that `read` was refused for, as message and field. */
export const problemsOf = (read: () => unknown): string[] =>
  refusalOf(read).problems.map(({ field, message }) => `${message}: ${field}`)

type Json = Record<string, unknown>

/** The parts of a Service that a test gives. */
export interface Parts {
  readonly metadata?: Json
  readonly template?: Json
  readonly spec?: Json
  readonly container?: Json
  readonly traffic?: unknown
}

/** A row of a table: what is wrong, the parts that are, and the words of the webhook. */
export type Refusal = readonly [wrong: string, parts: Parts, words: string]

/** What the webhook says of a Service: message, paths, details. */
export function said({ metadata, template, spec, container, traffic }: Parts): string[] {
  const { problems } = readJsonDocument(
    {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'orders', ...metadata },
      spec: {
        template: {
          ...(template && { metadata: template }),
          spec: { containers: [{ image: 'registry.test/orders', ...container }], ...spec },
        },
        ...(traffic !== undefined && { traffic }),
      },
    },
    'test',
  )
  return problems.map(({ message, field, details }) =>
    [`${message}: ${field}`, ...(details === undefined ? [] : [details])].join('\n'),
  )
}

export const SPEC = 'spec.template.spec'
export const CONTAINER: string = `${SPEC}.containers[0]`
export const ANNOTATIONS = 'spec.template.metadata.annotations'

/** What the webhook says of a name that is no label. */
export const NO_LABEL: string =
  "not a DNS 1035 label: [a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')]"

function write(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'manifests-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return directory
}
