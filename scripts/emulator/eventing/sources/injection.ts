/** What a SinkBinding puts into an environment: where events go, and what is to be put on them. */
import type { EnvVar } from '../../manifests/types.ts'

/** The names that a binding owns. */
export const INJECTED: readonly string[] = ['K_SINK', 'K_CE_OVERRIDES', 'K_CA_CERTS']

/** `K_SINK` and `K_CE_OVERRIDES` (empty when there are none), as `sinkbinding_lifecycle.go` `Do` writes them. */
export function toVariables(
  url: string,
  overrides: Readonly<Record<string, string>> | undefined,
): { name: string; value: string }[] {
  return [
    { name: 'K_SINK', value: url },
    { name: 'K_CE_OVERRIDES', value: overrides ? JSON.stringify({ extensions: overrides }) : '' },
  ]
}

/** The environment with the binding's variables last, whatever stood under their names before. */
export function inject(
  env: readonly EnvVar[],
  url: string,
  overrides: Readonly<Record<string, string>> | undefined,
): EnvVar[] {
  return [...env.filter(({ name }) => !INJECTED.includes(name)), ...toVariables(url, overrides)]
}
