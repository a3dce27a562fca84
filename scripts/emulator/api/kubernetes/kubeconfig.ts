/** The file that `kubectl` and `kn` find the emulator by. */
import { parse, stringify } from 'yaml'
import { isObject } from '../../manifests/field.ts'

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

/**
 * The token of a file of {@link toKubeconfig}.
 * @throws Error when the text is another file's
 */
export function readKubeconfig(text: string): { token: string } {
  const root: unknown = parse(text)
  const [first]: unknown[] = isObject(root) && Array.isArray(root.users) ? root.users : []
  const user = isObject(first) && isObject(first.user) ? first.user : {}
  if (typeof user.token === 'string') return { token: user.token }
  throw new Error('the kubeconfig has no user with a token')
}
