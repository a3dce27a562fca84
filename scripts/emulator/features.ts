/** Flags of eventing: the ConfigMap `config-features` of namespace `knative-eventing`. */
import type { EventingFeatures } from './eventing/admit.ts'
import type { ResourceFeatures } from './eventing/resources.ts'
import type { ConfigMapResource } from './manifests/types.ts'

/** All flags that the emulator knows. */
export type Features = EventingFeatures & ResourceFeatures

type Flag = keyof Features

const SWITCH = ['enabled', 'disabled']
const VALUES: Readonly<Record<Flag, readonly string[]>> = {
  'delivery-retryafter': SWITCH,
  'authentication-oidc': SWITCH,
  'eventtype-auto-create': SWITCH,
  'default-authorization-mode': ['allow-all', 'deny-all', 'allow-same-namespace'],
}

/** What the ConfigMap says; a flag that the emulator does not know, or a value that it cannot have, is told. */
export function readFeatures(
  configMaps: readonly ConfigMapResource[],
  warn: (message: string) => void,
): Features {
  const found = configMaps.find(
    ({ namespace, name }) => namespace === 'knative-eventing' && name === 'config-features',
  )
  const entries = Object.entries(found?.data ?? {})
    .map(([name, value]) => [name, value.trim().toLowerCase()] as const)
    .filter(([name]) => name !== '_example')
  const known = entries.filter(([name, value]) => {
    const values = Object.hasOwn(VALUES, name) ? VALUES[name as Flag] : undefined
    if (values?.includes(value)) return true
    if (values) warn(`config-features: "${name}" must be ${values.join(' or ')}, got ${value}`)
    else if (value !== 'disabled') warn(`config-features: ${name} is not emulated`)
    return false
  })
  return Object.fromEntries(known)
}
