/** The environment of a function on this machine: the manifest's own, with references resolved. */
import type { Manifests, ServiceResource } from '../emulator/manifests/types.ts'
import type { Secrets } from './secrets.ts'

/**
 * Resolves the template's `env`. Processes here share one machine, so each listens on loopback only, and logs lines
 * that a person reads.
 * @throws Error that names the missing ConfigMap key
 */
export function resolveEnv(
  service: ServiceResource,
  { configMaps }: Manifests,
  secrets: Secrets,
): Record<string, string> {
  const env: Record<string, string> = { LISTEN_ADDRESS: '127.0.0.1', LOG_FORMAT: 'line' }
  for (const variable of service.template.env) {
    if ('value' in variable) env[variable.name] = variable.value
    else if ('secret' in variable) {
      const { name, key, optional } = variable.secret
      const value = secrets.resolve(name, key, optional)
      if (value !== undefined) env[variable.name] = value
    } else {
      const { name, key, optional } = variable.configMap
      const map = configMaps.find(
        candidate => candidate.name === name && candidate.namespace === service.namespace,
      )
      const value = map?.data[key]
      if (value !== undefined) env[variable.name] = value
      else if (!optional) {
        throw new Error(
          `${service.file}:${service.line}: "${variable.name}" refers to key ${key} of ConfigMap ${name}, which does not exist`,
        )
      }
    }
  }
  secrets.save()
  return env
}
