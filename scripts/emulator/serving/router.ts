/** Which Service, tag and revision a host name leads to. */

/** Something that has names in the cluster. */
export interface Routable {
  readonly namespace: string
  readonly name: string
  readonly tags: readonly string[]
  /** Has no name outside the cluster, but for the short one that this machine adds. */
  readonly clusterLocal?: boolean
}

/** Where a host leads: to one target that a tag names, or to the Service's split. */
export interface Route<T> {
  readonly target: T
  readonly tag: string | undefined
}

/** Host names to targets. */
export interface Router<T> {
  find(host: string): Route<T> | undefined
}

/** A routing table; built anew when anything changes, which is seldom, so that a look-up is one map access. */
export function createRouter<T extends Routable>(targets: readonly T[], domain: string): Router<T> {
  const routes = new Map<string, Route<T>>()
  const names = new Map<string, number>()
  for (const { name } of targets) names.set(name, (names.get(name) ?? 0) + 1)

  const add = (name: string, target: T, tag: string | undefined): void => {
    const route = { target, tag }
    const full = `${name}.${target.namespace}`
    const hosts = [full, `${full}.svc`, `${full}.svc.cluster.local`]
    for (const host of target.clusterLocal ? hosts : [...hosts, `${full}.${domain}`]) {
      // A Service keeps its name when the tag of another one makes the same.
      if (!routes.has(host)) routes.set(host, route)
    }
    if (names.get(target.name) === 1 && !routes.has(`${name}.${domain}`)) {
      routes.set(`${name}.${domain}`, route)
    }
  }
  for (const target of targets) add(target.name, target, undefined)
  for (const target of targets) {
    for (const tag of target.tags) add(`${tag}-${target.name}`, target, tag)
  }
  return { find: host => routes.get(hostName(host)) }
}

/** The name without port, trailing dot and capitals. */
export function hostName(host: string): string {
  const colon = host.lastIndexOf(':')
  const bare = colon > host.lastIndexOf(']') && colon !== -1 ? host.slice(0, colon) : host
  return (bare.endsWith('.') ? bare.slice(0, -1) : bare).toLowerCase()
}
