/** A Knative Service: metadata, template and traffic. */
import { checkAutoscaling, refuseAutoscaling } from './autoscaling-annotations.ts'
import { readRevisionSpec } from './container.ts'
import type { Field } from './field.ts'
import { checkLabel, readMetadata } from './metadata.ts'
import { readInteger, readText, readTextMap, refuseUnknown } from './read.ts'
import { DEFAULT_REVISION_LIMITS, type RevisionLimits } from './revision-limits.ts'
import { checkServiceMetadata, checkTemplateMetadata } from './service-metadata.ts'
import type { ServiceResource, TrafficTarget } from './types.ts'

/** Reads and checks one `serving.knative.dev/v1` Service. */
export function readService(
  root: Field,
  file: string,
  limits: RevisionLimits = DEFAULT_REVISION_LIMITS,
): ServiceResource {
  refuseUnknown(root, ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  const metadata = readMetadata(root, file, { label: true })
  refuseAutoscaling(root.get('metadata').get('annotations'))
  checkServiceMetadata(root.get('metadata'))
  const spec = root.get('spec')
  refuseUnknown(spec, ['template', 'traffic'])
  const template = spec.get('template')
  refuseUnknown(template, ['metadata', 'spec'])
  const about = template.get('metadata')
  const annotations = readTextMap(about.get('annotations'))
  checkAutoscaling(about.get('annotations'), annotations)
  checkTemplateMetadata(about)
  const name = readText(about.get('name'))
  if (name !== undefined) checkRevisionName(about.get('name'), name, metadata.name)
  return {
    ...metadata,
    template: {
      ...(name !== undefined && { name }),
      labels: readTextMap(about.get('labels')),
      annotations,
      ...readRevisionSpec(template.get('spec'), limits),
    },
    traffic: readTraffic(spec.get('traffic')),
  }
}

function checkRevisionName(field: Field, name: string, service: string): void {
  checkLabel(field, name, INVALID)
  if (!name.startsWith(`${service}-`)) {
    field.report(`${INVALID}"${name}" must have prefix "${service}-"`)
  }
}

const INVALID = 'invalid value: '
const QUALIFIED_NAME = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)$/

/** Nothing said means all of it to the latest ready revision (webhook default). */
function readTraffic(field: Field): TrafficTarget[] {
  const items = field.items()
  const targets = items.map(readTarget)
  if (targets.length === 0) return [{ latestRevision: true, percent: 100 }]
  const sum = targets.reduce((total, target) => total + target.percent, 0)
  if (sum !== 100) field.report(`Traffic targets sum to ${sum}, want 100`)
  const tags = targets.map(({ tag }) => tag)
  tags.forEach((tag, index) => {
    const before = tags.indexOf(tag)
    if (tag === undefined || before === index) return
    items[index]?.get('tag').report(`Multiple definitions for "${tag}"`)
    items[before]?.get('tag').report(`Multiple definitions for "${tag}"`)
  })
  return targets
}

function readTarget(item: Field): TrafficTarget {
  refuseUnknown(
    item,
    ['revisionName', 'latestRevision', 'percent', 'tag'],
    ['url', 'configurationName'],
  )
  const revisionName = readText(item.get('revisionName'))
  if (revisionName !== undefined && !QUALIFIED_NAME.test(revisionName)) {
    item.get('revisionName').report(`invalid key name ${JSON.stringify(revisionName)}`)
  }
  const latest = item.get('latestRevision').value
  if (latest !== undefined && latest !== (revisionName === undefined)) {
    item
      .get('latestRevision')
      .report(`may not set revisionName "${revisionName ?? ''}" when latestRevision is ${latest}`)
  }
  const tag = readText(item.get('tag'))
  if (tag !== undefined) checkLabel(item.get('tag'), tag, INVALID)
  return {
    ...(revisionName !== undefined && { revisionName }),
    latestRevision: revisionName === undefined,
    percent: readInteger(item.get('percent'), { min: 0, max: 100, fallback: 0 }),
    ...(tag !== undefined && { tag }),
  }
}
