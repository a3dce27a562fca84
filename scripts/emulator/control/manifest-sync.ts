/** Keeps the emulator at what the manifest files say: what is new or changed is applied, what is gone is removed. */
import type { Log } from '../log.ts'
import type { ReadResource } from '../manifests/read-document.ts'
import type { Manifests } from '../manifests/types.ts'
import type { ControlPlane } from './control-plane.ts'
import { toReference } from './reference.ts'

/** What the files said the last time. */
export interface ManifestSync {
  /**
   * Takes the files as they are now. What a client changed since stays, unless the file changed too. What fails is
   * tried again the next time.
   * @throws the first failure, after all the rest was done
   */
  apply(manifests: Manifests): Promise<void>
}

/** `initial` is what the emulator started with. */
export function createManifestSync(
  { control, log }: { control: ControlPlane; log: Log },
  initial: Manifests,
): ManifestSync {
  let known = toTexts(initial)

  async function apply(manifests: Manifests): Promise<void> {
    const next = toTexts(manifests)
    const failures: unknown[] = []
    const attempt = async (key: string, task: () => Promise<unknown>): Promise<void> => {
      try {
        await task()
      } catch (error) {
        failures.push(error)
        const before = known.get(key)
        // As if it had not been looked at.
        if (before) next.set(key, before)
        else next.delete(key)
      }
    }
    for (const read of inOrder(manifests)) {
      const key = keyOf(read)
      const isNew = known.get(key)?.text
      if (isNew === next.get(key)?.text) continue
      await attempt(key, async () => {
        const { file, line, name } = read.resource
        const onWarning = (text: string): void => log.warn(name, `${file}:${line}: ${text}`)
        await control.adopt(read, { wait: true, onWarning })
        log.info(name, `${toName(read)} ${isNew === undefined ? 'added' : 'changed'}`)
      })
    }
    for (const [key, { read }] of known) {
      const reference = toReference(read)
      if (next.has(key) || !reference) continue
      await attempt(key, async () => {
        const { kind, namespace, name } = reference
        if (!control.catalogue.get(kind, namespace, name)) return
        await control.remove(reference)
        log.info(name, `${toName(read)} removed: it is in no manifest any more`)
      })
    }
    known = next
    if (failures.length > 0) throw failures[0]
  }

  return { apply }
}

/** What is stored comes first: Services ask for it. */
const ORDER: readonly (keyof Manifests)[] = [
  'others',
  'configMaps',
  'services',
  'brokers',
  'channels',
  'eventing',
  'triggers',
  'subscriptions',
]

/** Every resource of the manifests, as it was read. */
export function inOrder(manifests: Manifests): ReadResource[] {
  return ORDER.flatMap(list =>
    manifests[list].map(
      resource => ({ list, resource, kind: kindOf(list, resource) }) as ReadResource,
    ),
  )
}

/** Lists of one kind, whose items need no document to be known. */
const KINDS: Partial<Record<keyof Manifests, string>> = {
  services: 'serving.knative.dev/v1/Service',
  brokers: 'eventing.knative.dev/v1/Broker',
  triggers: 'eventing.knative.dev/v1/Trigger',
  subscriptions: 'messaging.knative.dev/v1/Subscription',
  configMaps: 'v1/ConfigMap',
}

function kindOf(list: keyof Manifests, resource: Manifests[keyof Manifests][number]): string {
  const own = KINDS[list]
  if (own !== undefined) return own
  if (list === 'channels' && 'kind' in resource) return `messaging.knative.dev/v1/${resource.kind}`
  const { apiVersion, kind } = ('document' in resource && resource.document) || {}
  return `${apiVersion}/${kind}`
}

const keyOf = ({ kind, resource }: ReadResource): string =>
  `${kind} ${resource.namespace}/${resource.name}`

const toName = ({ kind }: ReadResource): string => kind.slice(kind.lastIndexOf('/') + 1)

/** The same text means the same object: where it stands in a file says nothing. */
function toTexts(manifests: Manifests): Map<string, { read: ReadResource; text: string }> {
  return new Map(
    inOrder(manifests).map(read => [
      keyOf(read),
      { read, text: JSON.stringify({ ...read.resource, file: '', line: 0 }) },
    ]),
  )
}
