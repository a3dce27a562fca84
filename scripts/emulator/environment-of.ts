/** The environment that a process of a function would have, for tools that run beside it. */
import type { ServingPart } from './control/parts.ts'
import type { Resources } from './eventing/resources.ts'
import type { Settings } from './options.ts'
import { toEnvironment } from './serving/environment.ts'
import type { Serving, ServingOptions } from './serving/serving.ts'

/** Undefined when no one function has the name: `<name>`, or `<namespace>/<name>`. */
export type EnvironmentOf = (name: string) => Promise<Record<string, string> | undefined>

/** Asks the parts each time. */
export function createEnvironmentOf({
  serving,
  servingPart,
  resources,
  resolveCommand,
  resolveEnv,
  proxyUrl,
}: {
  serving: Serving
  servingPart: ServingPart
  resources: Resources
} & Pick<Settings, 'resolveCommand'> &
  Pick<ServingOptions, 'resolveEnv' | 'proxyUrl'>): EnvironmentOf {
  return async name => {
    const [own = '', namespace] = name.split('/').reverse()
    const found = servingPart
      .services()
      .filter(each => each.name === own && (namespace ?? each.namespace) === each.namespace)
    const [service] = found
    if (!service || found.length > 1) return undefined
    const { env } = await resolveCommand(service)
    const status = serving
      .status()
      .find(each => each.name === service.name && each.namespace === service.namespace)
    return toEnvironment(service, status?.latestCreatedRevision ?? own, {
      resolved: resolveEnv(resources.bind(service)),
      proxyUrl: proxyUrl(),
      image: env,
    })
  }
}
