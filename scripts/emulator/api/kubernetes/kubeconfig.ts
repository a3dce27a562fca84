/** The file that `kubectl` and `kn` find the emulator by. */
import { stringify } from 'yaml'

const NAME = 'aiwfe-emulator'

/** The text of a kubeconfig; whoever can read it has every right. */
export function toKubeconfig({
  server,
  token,
  namespace,
}: {
  server: string
  token: string
  namespace: string
}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': NAME,
    clusters: [{ name: NAME, cluster: { server } }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, namespace } }],
    users: [{ name: NAME, user: { token } }],
  })
}
