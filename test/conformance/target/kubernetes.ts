/** A small client of the Kubernetes API: enough for the rules, with nothing between them and the wire. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { KubeAccess } from './kubeconfig.ts'
import { type Draft, KINDS, type Kind, type Resource } from './resource.ts'

/** Objects of one namespace. */
export interface Kubernetes {
  /** @throws KubernetesError whenever the server refuses */
  create(kind: Kind, draft: Draft): Promise<Resource>
  get(kind: Kind, name: string): Promise<Resource>
  /** Undefined when there is none. */
  find(kind: Kind, name: string): Promise<Resource | undefined>
  list(kind: Kind, query?: Readonly<Record<string, string>>): Promise<Resource[]>
  replace(kind: Kind, resource: Resource): Promise<Resource>
  /** JSON merge patch. */
  patch(kind: Kind, name: string, patch: unknown): Promise<Resource>
  remove(kind: Kind, name: string): Promise<void>
  /** Every change of one object from now on, until the signal. */
  watch(kind: Kind, name: string, signal: AbortSignal): AsyncGenerator<WatchEvent>
  /** The answer as it is, e.g. of a path that no kind has. */
  raw(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }>
}

/** One line of a watch. */
export interface WatchEvent {
  readonly type: string
  readonly object: Resource
}

/** The server refused. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError'
  readonly code: number
  /** The reason of the Status object, e.g. `AlreadyExists`. */
  readonly reason: string

  constructor(code: number, reason: string, message: string) {
    super(message)
    this.code = code
    this.reason = reason
  }
}

/** A client for the objects of `namespace`. */
export function createKubernetes(access: KubeAccess, namespace: string): Kubernetes {
  const pathOf = (kind: Kind, name?: string): string => {
    const { apiVersion, plural } = KINDS[kind]
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const objects = `${root}/namespaces/${namespace}/${plural}`
    return name === undefined ? objects : `${objects}/${name}`
  }
  const toObject = (kind: Kind, draft: Draft | Resource): unknown => ({
    apiVersion: KINDS[kind].apiVersion,
    kind,
    ...draft,
    metadata: { namespace, ...draft.metadata },
  })

  function open(
    method: string,
    path: string,
    { body, type = 'application/json', signal }: Sending = {},
  ): Promise<IncomingMessage> {
    const url = new URL(`${access.server}${path}`)
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest
    const { token, ca, cert, key, insecure } = access
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = {
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      // Node gives a DELETE no length of itself.
      ...(text !== '' && { 'content-type': type, 'content-length': Buffer.byteLength(text) }),
    }
    const tls = { ca, cert, key, rejectUnauthorized: !insecure }
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method, headers, ...(signal && { signal }), ...tls }, resolve)
      outgoing.on('error', reject)
      outgoing.end(text)
    })
  }

  async function call(method: string, path: string, sending?: Sending): Promise<unknown> {
    const response = await open(method, path, sending)
    const text = await toText(response)
    const code = response.statusCode ?? 0
    if (code >= 200 && code < 300) return JSON.parse(text)
    throw toError(code, text)
  }

  async function find(kind: Kind, name: string): Promise<Resource | undefined> {
    try {
      return (await call('GET', pathOf(kind, name))) as Resource
    } catch (error) {
      if (error instanceof KubernetesError && error.code === 404) return undefined
      throw error
    }
  }

  return {
    find,
    create: async (kind, draft) =>
      (await call('POST', pathOf(kind), { body: toObject(kind, draft) })) as Resource,
    get: async (kind, name) => (await call('GET', pathOf(kind, name))) as Resource,
    async list(kind, query = {}) {
      const search = new URLSearchParams(query)
      const { items } = (await call('GET', `${pathOf(kind)}?${search}`)) as { items: Resource[] }
      // A list's items need not repeat what the list says about all of them.
      return items.map(item => ({ ...item, kind, apiVersion: KINDS[kind].apiVersion }))
    },
    replace: async (kind, resource) =>
      (await call('PUT', pathOf(kind, resource.metadata.name), {
        body: toObject(kind, resource),
      })) as Resource,
    patch: async (kind, name, patch) =>
      (await call('PATCH', pathOf(kind, name), {
        body: patch,
        type: 'application/merge-patch+json',
      })) as Resource,
    async remove(kind, name) {
      await call('DELETE', pathOf(kind, name), { body: { propagationPolicy: 'Background' } })
    },
    async *watch(kind, name, signal) {
      const query = new URLSearchParams({ watch: 'true', fieldSelector: `metadata.name=${name}` })
      const response = await open('GET', `${pathOf(kind)}?${query}`, { signal })
      if (response.statusCode !== 200) {
        throw toError(response.statusCode ?? 0, await toText(response))
      }
      response.setEncoding('utf8')
      let rest = ''
      for await (const chunk of response) {
        const lines = `${rest}${chunk}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line !== '') yield JSON.parse(line) as WatchEvent
      }
    },
    async raw(method, path, body) {
      const response = await open(method, path, body === undefined ? {} : { body })
      return { status: response.statusCode ?? 0, text: await toText(response) }
    },
  }
}

interface Sending {
  readonly body?: unknown
  readonly type?: string
  readonly signal?: AbortSignal
}

async function toText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** Every error of an API server is a Status object; anything else is told as it is. */
function toError(code: number, text: string): KubernetesError {
  try {
    const { reason, message } = JSON.parse(text) as { reason?: string; message?: string }
    return new KubernetesError(code, reason ?? '', message ?? text)
  } catch {
    return new KubernetesError(code, '', text || `the server answered ${code}`)
  }
}
