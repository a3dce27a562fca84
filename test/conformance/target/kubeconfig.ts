/** Reads from a kubeconfig file what a client needs: the server and how to prove who we are. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'

/** How to reach an API server. */
export interface KubeAccess {
  readonly server: string
  readonly token?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly insecure: boolean
}

/**
 * The current context of the file.
 * @throws Error that names the field in the way, e.g. a user who logs in by a plug-in
 */
export function readKubeconfig(path: string): KubeAccess {
  const config = parse(readFileSync(path, 'utf8')) as Kubeconfig
  const current = config['current-context']
  const context = find(config.contexts, current, 'current-context', path)?.context
  const cluster = find(config.clusters, context?.cluster, 'cluster', path)?.cluster
  const user = find(config.users, context?.user, 'user', path)?.user ?? {}
  if (!cluster?.server) throw new Error(`${path}: "server" must be an address, got nothing`)
  const read = (file: string | undefined, data: string | undefined): string | undefined => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString()
    return file === undefined ? undefined : readFileSync(resolve(dirname(path), file), 'utf8')
  }
  const ca = read(cluster['certificate-authority'], cluster['certificate-authority-data'])
  const cert = read(user['client-certificate'], user['client-certificate-data'])
  const key = read(user['client-key'], user['client-key-data'])
  const token = user.token ?? read(user.tokenFile, undefined)?.trim()
  if (token === undefined && cert === undefined) {
    throw new Error(
      `${path}: "user" must hold a token or a client certificate, got ${Object.keys(user).join(', ') || 'nothing'}: ` +
        'run `kubectl create token <service account>` and put it in',
    )
  }
  return {
    server: cluster.server.replace(/\/$/, ''),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    ...(token !== undefined && { token }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
}

interface Kubeconfig {
  readonly 'current-context'?: string
  readonly contexts?: readonly { name: string; context: { cluster: string; user: string } }[]
  readonly clusters?: readonly { name: string; cluster: Cluster }[]
  readonly users?: readonly { name: string; user: User }[]
}

interface Cluster {
  readonly server?: string
  readonly 'certificate-authority'?: string
  readonly 'certificate-authority-data'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
}

interface User {
  readonly token?: string
  readonly tokenFile?: string
  readonly 'client-certificate'?: string
  readonly 'client-certificate-data'?: string
  readonly 'client-key'?: string
  readonly 'client-key-data'?: string
}

function find<T extends { readonly name: string }>(
  list: readonly T[] | undefined,
  name: string | undefined,
  what: string,
  path: string,
): T {
  const found = list?.find(each => each.name === name)
  if (found) return found
  throw new Error(`${path}: "${what}" must name an entry of the file, got ${name}`)
}
