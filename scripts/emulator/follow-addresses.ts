/** Triggers look again at where they lead when a Service or another object comes, goes, or changes its readiness. */
import type { Eventing } from './eventing/eventing.ts'
import type { Resources } from './eventing/resources.ts'
import type { Serving } from './serving/serving.ts'

/** Looks now, and after each change from now on. */
export function followAddresses({
  serving,
  eventing,
  resources,
}: {
  serving: Serving
  eventing: Eventing
  resources: Resources
}): void {
  let known = ''
  const look = (): void => {
    const now = JSON.stringify(
      [
        ...serving.objects().filter(({ status }) => status?.address !== undefined),
        // A source has no address; a Trigger may depend on it all the same.
        ...resources.objects(),
      ].map(({ kind, metadata, status }) => [
        kind,
        metadata.namespace,
        metadata.name,
        metadata.generation,
        status?.address,
        status?.conditions?.find(({ type }) => type === 'Ready')?.status,
      ]),
    )
    if (now === known) return
    known = now
    eventing.refresh()
  }
  serving.onChange(look)
  resources.onChange(look)
  look()
}
