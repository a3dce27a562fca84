/** Chooses the target: the cluster that the environment names, or else an emulator of our own. */
import { openCluster } from './cluster.ts'
import { openEmulator } from './emulator.ts'
import type { Target } from './target.ts'

/** Opens it. @throws TypeError that names the variable that is missing for a cluster */
export function openTarget(env: Readonly<Record<string, string | undefined>>): Promise<Target> {
  const { AIWFE_CONFORMANCE_KUBECONFIG: kubeconfig } = env
  if (kubeconfig === undefined || kubeconfig === '') return openEmulator()
  return openCluster({
    kubeconfig,
    image: env.AIWFE_CONFORMANCE_IMAGE,
    ingress: env.AIWFE_CONFORMANCE_INGRESS,
    namespace: env.AIWFE_CONFORMANCE_NAMESPACE,
  })
}
