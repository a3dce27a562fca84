/** What a client asks first: which groups, versions and kinds there are. */
import { KINDS, type Kind } from '../../control/kinds.ts'
import { toDocumentOf } from './openapi.ts'

/** The version of Kubernetes that Knative 1.22 needs at least; nothing but clients looks at it. */
const VERSION = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.0+aiwfe',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'emulator',
}
const VERBS: Readonly<Record<Kind['role'], readonly string[]>> = {
  run: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  keep: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  idle: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  reap: ['delete', 'get', 'list', 'watch'],
  made: ['get', 'list', 'watch'],
}

/** The answer to a path of discovery; undefined when the path is none. */
export function discover(pathname: string): unknown {
  const path = pathname.replace(/\/+$/, '')
  const plain: Record<string, () => unknown> = {
    '/version': () => VERSION,
    '/api': () => ({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }),
    '/apis': () => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(toGroup) }),
    '/openapi/v3': () => ({ paths: Object.fromEntries(groupVersions().map(toIndexEntry)) }),
    '/healthz': () => 'ok',
    '/livez': () => 'ok',
    '/readyz': () => 'ok',
  }
  if (Object.hasOwn(plain, path)) return plain[path]?.()
  const groupName = /^\/apis\/([^/]+)$/.exec(path)?.[1]
  if (groupName !== undefined && GROUPS.includes(groupName)) {
    return { kind: 'APIGroup', apiVersion: 'v1', ...toGroup(groupName) }
  }
  for (const { root, group, version } of groupVersions()) {
    if (path === `/${root}`) return toResourceList(group, version)
    if (path === `/openapi/v3/${root}`) return toDocumentOf(kindsOf(group, version), root, version)
  }
  return undefined
}

interface GroupVersion {
  readonly group: string
  readonly version: string
  /** `api/v1`, or `apis/<group>/<version>`. */
  readonly root: string
}

const GROUPS = [...new Set(KINDS.map(({ group }) => group))].filter(group => group !== '')

const versionsOf = (group: string): string[] => [
  ...new Set(KINDS.filter(kind => kind.group === group).flatMap(({ versions }) => versions)),
]

const kindsOf = (group: string, version: string): Kind[] =>
  KINDS.filter(kind => kind.group === group && kind.versions.includes(version))

function groupVersions(): GroupVersion[] {
  return ['', ...GROUPS].flatMap(group =>
    versionsOf(group).map(version => ({
      group,
      version,
      root: group === '' ? `api/${version}` : `apis/${group}/${version}`,
    })),
  )
}

function toGroup(name: string): Record<string, unknown> {
  const versions = versionsOf(name).map(version => ({
    groupVersion: `${name}/${version}`,
    version,
  }))
  return { name, versions, preferredVersion: versions[0] }
}

const toIndexEntry = ({ root }: GroupVersion): [string, unknown] => [
  root,
  { serverRelativeURL: `/openapi/v3/${root}` },
]

function toResourceList(group: string, version: string): unknown {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: kindsOf(group, version).flatMap(kind => {
      const { plural, kind: name, namespaced, shortNames, categories, role } = kind
      const resource = { name: plural, singularName: name.toLowerCase(), namespaced, kind: name }
      return [
        { ...resource, verbs: VERBS[role], shortNames, categories },
        { ...resource, name: `${plural}/status`, singularName: '', verbs: ['get'] },
      ]
    }),
  }
}
