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
   * tried again the next time; a file that changes meanwhile waits for nothing.
   * @throws the first failure, after all the rest was done
   */
  apply(manifests: Manifests): Promise<void>
}

interface Item {
  readonly read: ReadResource
  readonly text: string
}

/** `initial` is what the emulator started with. */
export function createManifestSync(
  { control, log }: { control: ControlPlane; log: Log },
  initial: Manifests,
): ManifestSync {
  const known = toTexts(initial)

  async function apply(manifests: Manifests): Promise<void> {
    const next = toTexts(manifests)
    const tasks: Promise<void>[] = []
    for (const [key, item] of next) {
      if (known.get(key)?.text !== item.text) tasks.push(put(key, item))
    }
    for (const [key, item] of known) {
      if (!next.has(key)) tasks.push(drop(key, item))
    }
    const failed = (await Promise.allSettled(tasks)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  async function put(key: string, item: Item): Promise<void> {
    const before = known.get(key)
    const { file, line, name } = item.read.resource
    const onWarning = (text: string): void => log.warn(name, `${file}:${line}: ${text}`)
    known.set(key, item)
    try {
      await control.adopt(item.read, { wait: true, onWarning })
    } catch (error) {
      if (known.get(key) === item) restore(key, before)
      throw error
    }
    log.info(name, `${toName(item.read)} ${before ? 'changed' : 'added'}`)
  }

  async function drop(key: string, item: Item): Promise<void> {
    const reference = toReference(item.read)
    known.delete(key)
    if (!reference) return
    try {
      if (!(await control.release(reference))) return
    } catch (error) {
      if (!known.has(key)) restore(key, item)
      throw error
    }
    log.info(reference.name, `${toName(item.read)} removed: it is in no manifest any more`)
  }

  /** As if it had not been looked at. */
  function restore(key: string, before: Item | undefined): void {
    if (before) known.set(key, before)
    else known.delete(key)
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
function toTexts(manifests: Manifests): Map<string, Item> {
  return new Map(
    inOrder(manifests).map(read => [
      keyOf(read),
      { read, text: JSON.stringify({ ...read.resource, file: '', line: 0 }) },
    ]),
  )
}
