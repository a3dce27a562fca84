/** The environment of a function: the manifest's own, with references to ConfigMaps and Secrets resolved. */
import type { KeyReference, ServiceResource } from './manifests/types.ts'

/** Where referenced values are; undefined when there is none. */
export interface References {
  configMap(namespace: string, name: string): Readonly<Record<string, string>> | undefined
  secret(namespace: string, name: string): Readonly<Record<string, string>> | undefined
  /** One key of a Secret, where keys are made when they are first asked for; else the Secret is looked at. */
  secretKey?(namespace: string, reference: KeyReference): string | undefined
}

/** What a process can have in its environment; other keys of a ConfigMap are left out. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_.-]*$/

/**
 * Resolves the template's `envFrom`.
 * @throws Error that names the missing object
 */
export function resolveSources(
  { template, namespace, file, line }: ServiceResource,
  references: References,
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const { kind, name, prefix, optional } of template.envFrom ?? []) {
    const find = kind === 'Secret' ? references.secret : references.configMap
    const values = find(namespace, name)
    if (!values && !optional) {
      throw new Error(`${file}:${line}: "envFrom" refers to ${kind} ${name}, which does not exist`)
    }
    for (const [key, value] of Object.entries(values ?? {})) {
      if (VARIABLE.test(prefix + key)) env[prefix + key] = value
    }
  }
  return env
}

/**
 * Resolves the template's `env` over its `envFrom`.
 * @throws Error that names the missing key
 */
export function resolveReferences(
  service: ServiceResource,
  references: References,
): Record<string, string> {
  const env = resolveSources(service, references)
  const { configMap, secret } = references
  const mapKey = (namespace: string, { name, key }: KeyReference): string | undefined =>
    configMap(namespace, name)?.[key]
  const secretKey =
    references.secretKey ??
    ((namespace, { name, key }: KeyReference) => secret(namespace, name)?.[key])
  for (const variable of service.template.env) {
    if ('value' in variable) {
      env[variable.name] = expand(variable.value, env)
      continue
    }
    const isSecret = 'secret' in variable
    const reference: KeyReference = isSecret ? variable.secret : variable.configMap
    const { name, key, optional } = reference
    const find = isSecret ? secretKey : mapKey
    const value = find(service.namespace, reference)
    if (value !== undefined) env[variable.name] = value
    else if (!optional) {
      const kind = isSecret ? 'Secret' : 'ConfigMap'
      throw new Error(
        `${service.file}:${service.line}: "${variable.name}" refers to key ${key} of ${kind} ${name}, which does not exist`,
      )
    }
  }
  return env
}

/** `$(NAME)` is what was set before, `$$(NAME)` is written for the text itself; an unknown name stays as it is. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^()]+)\))/g, (whole, _rest, name?: string) => {
    if (name === undefined) return '$'
    return Object.hasOwn(env, name) ? (env[name] ?? whole) : whole
  })
}
