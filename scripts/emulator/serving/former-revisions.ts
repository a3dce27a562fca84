/** Revisions of a former run that are not the latest: traffic may lead to them, or be led back. */
import { isDeepStrictEqual } from 'node:util'
import { readJsonDocument } from '../manifests/read-document.ts'
import type { ServiceResource } from '../manifests/types.ts'
import type { RevisionPlan } from './configuration.ts'
import type { Generation, Latest } from './generations.ts'
import { toRevisionName } from './revision-name.ts'
import type { Json } from './service-defaults.ts'

/** As many as a cluster keeps in any case: `min-non-active-revisions`. */
const KEPT_REVISIONS = 20

/** What to keep of Revisions, of which the last is `latest`; one that differs by its build only is not to be had again. */
export function toKept(all: readonly Generation[], latest: Generation): Generation[] {
  const older = all.filter(({ generation }) => generation < latest.generation)
  const next = [...older.slice(1), latest]
  return older
    .filter(({ template }, index) => !isDeepStrictEqual(template, next[index]?.template))
    .slice(-KEPT_REVISIONS)
    .map(({ generation, template }) => ({ generation, template }))
}

/** The Revisions to make again beside that of `next`; a template that is not valid any more makes none. */
export function toPlans(
  service: ServiceResource,
  next: Json,
  former: Latest | undefined,
): RevisionPlan[] {
  if (!former) return []
  const { name, namespace, labels, annotations } = service
  const kept = former.isOf(next) ? former.older : [...former.older, former]
  return kept.flatMap(({ generation, template }) => {
    const { result } = readJsonDocument(
      {
        apiVersion: 'serving.knative.dev/v1',
        kind: 'Service',
        metadata: { name, namespace, labels, annotations },
        spec: { template },
      },
      service.file,
    )
    if (result?.list !== 'services') return []
    const revision = result.resource.template.name ?? toRevisionName(name, generation)
    // Written by hand, and given to another template while nothing ran: there was nobody to refuse that.
    if (revision === service.template.name) return []
    const plan = { generation, template, adopted: true, command: undefined }
    return [{ ...plan, name: revision, service: result.resource }]
  })
}
