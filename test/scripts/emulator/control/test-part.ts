/** A part that keeps Services, Brokers and Triggers and does nothing with them. */
import type { Clock } from '../../../../scripts/emulator/clock.ts'
import type { Kind } from '../../../../scripts/emulator/control/kinds.ts'
import {
  createIdentity,
  type Identity,
  type KubeObject,
  toOwnerReference,
} from '../../../../scripts/emulator/control/object.ts'
import type { Part } from '../../../../scripts/emulator/control/part.ts'

/** The part, and a way to say how an object stands. */
export interface TestPart extends Part {
  /** Applied and removed names, in order. */
  readonly calls: string[]
  /** Refuses the next write as a part does. */
  refuse(error: Error): void
  /** The next that waits does so until this is settled. */
  hold(): PromiseWithResolvers<void>
  /** The next is taken in only a while after it was handed over, as one that must be built first. */
  delay(): void
  setStatus(name: string, status: Record<string, unknown>): void
}

const GROUPS = ['serving.knative.dev', 'eventing.knative.dev']

export function createTestPart(clock: Clock): TestPart {
  const kept = new Map<string, { document: KubeObject; identity: Identity; status: object }>()
  const listeners = new Set<() => void>()
  const calls: string[] = []
  const gone = new Set<string>()
  let refusal: Error | undefined
  let held: Promise<void> | undefined
  let delayed = false
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  return {
    calls,
    refuse: error => {
      refusal = error
    },
    hold() {
      const gate = Promise.withResolvers<void>()
      held = gate.promise
      return gate
    },
    delay() {
      delayed = true
    },
    setStatus(name, status) {
      for (const [key, item] of kept) if (key.endsWith(`/${name}`)) item.status = status
      tell()
    },
    takes: ({ group, role }) => role === 'run' && GROUPS.includes(group),
    async apply({ resource }, { wait }) {
      const error = refusal
      refusal = undefined
      if (error) throw error
      if (delayed) await new Promise(setImmediate)
      delayed = false
      const document = ('document' in resource ? resource.document : {}) as unknown as KubeObject
      const { namespace, name } = resource
      const key = `${document.kind}/${namespace}/${name}`
      calls.push(`apply ${key}`)
      const before = kept.get(key)
      const identity = before?.identity ?? createIdentity(clock, document.spec, resource.born)
      identity.update(document.spec)
      kept.set(key, { document, identity, status: before?.status ?? {} })
      tell()
      if (!wait) return
      const works = held
      held = undefined
      return works
    },
    remove(kind: Kind, namespace, name) {
      calls.push(`remove ${kind.kind}/${namespace}/${name}`)
      kept.delete(`${kind.kind}/${namespace}/${name}`)
      if (kind.kind === 'Revision') gone.add(name)
      tell()
    },
    objects: () =>
      [...kept.values()].flatMap(({ document, identity, status }) => {
        const { labels, annotations, name, namespace } = document.metadata
        const { uid, creationTimestamp } = identity
        const metadata = {
          name,
          namespace,
          uid,
          creationTimestamp,
          generation: identity.generation(),
        }
        const object = {
          apiVersion: document.apiVersion,
          kind: document.kind,
          metadata: { ...metadata, ...(labels && { labels }), ...(annotations && { annotations }) },
          spec: document.spec ?? {},
          status: status as KubeObject['status'] & object,
        }
        const made = object.kind === 'Service' ? [toRevision(object)] : []
        return [object, ...made.filter(({ metadata: { name } }) => !gone.has(name))]
      }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function toRevision(service: KubeObject): KubeObject {
  const { metadata } = service
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Revision',
    metadata: {
      ...metadata,
      name: `${metadata.name}-00001`,
      uid: `${metadata.uid}-1`,
      labels: { 'serving.knative.dev/service': metadata.name },
      ownerReferences: [toOwnerReference(service)],
    },
    spec: {},
    status: {},
  }
}
