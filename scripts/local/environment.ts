/** The environment of a function on this machine: the manifest's own, with references resolved. */
import { type References, resolveReferences } from '../emulator/environment.ts'
import type { ServiceResource } from '../emulator/manifests/types.ts'
import type { Secrets } from './secrets.ts'

/**
 * Resolves the template's `env` and `envFrom`; a Secret that somebody applied comes before those that are made here.
 * Processes here share one machine, so each listens on loopback only, and logs lines that a person reads.
 * @throws Error that names the missing key
 */
export function resolveEnv(
  service: ServiceResource,
  applied: References,
  secrets: Secrets,
): Record<string, string> {
  const env = resolveReferences(service, {
    configMap: applied.configMap,
    secret: (namespace, name) => applied.secret(namespace, name) ?? secrets.values(name),
    secretKey: (namespace, { name, key, optional }) =>
      applied.secret(namespace, name)?.[key] ?? secrets.resolve(name, key, optional),
  })
  secrets.save()
  return { LISTEN_ADDRESS: '127.0.0.1', LOG_FORMAT: 'line', ...env }
}
