/** The subset of the Kubernetes API that `kubectl` and `kn` use, over the emulator's own objects. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../clock.ts'
import type { Document } from '../../control/admission.ts'
import type { Entry } from '../../control/catalogue.ts'
import type { ControlPlane } from '../../control/control-plane.ts'
import { toApiVersion } from '../../control/kinds.ts'
import type { Reference } from '../../control/reference.ts'
import { notAllowed, StatusError } from '../../control/status-error.ts'
import type { Log } from '../../log.ts'
import { isObject } from '../../manifests/field.ts'
import type { HostHandler } from '../../network.ts'
import { readAccess } from './access.ts'
import { type Answer, send, toFailure } from './answer.ts'
import { readBody } from './body.ts'
import { discover } from './discovery.ts'
import { listObjects } from './list.ts'
import { toPatch } from './patch-body.ts'
import { parseResourcePath, type ResourcePath } from './path.ts'
import { toNumber, toRemoveOptions, toSelection, toWriteOptions } from './query.ts'
import { chooseForm, showList, showOne, type View } from './shown.ts'
import { streamWatch } from './watch.ts'

/** What the API works on. */
export interface KubernetesApiOptions {
  readonly control: ControlPlane
  readonly clock: Clock
  readonly log: Log
  /** Whoever has it may do everything. */
  readonly token: string
}

/** A request on its way to an answer. */
interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: ResourcePath
  readonly query: URLSearchParams
  readonly view: View
  readonly warnings: string[]
}

/** Undefined: it has answered itself. */
type Action = (call: Call) => Promise<Answer | undefined> | Answer | undefined

/** `setTimeout` overflows to 1 ms beyond this. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1
/** Who everybody with the token is. */
const USER = 'aiwfe-admin'

/** The handler of the API. */
export function createKubernetesApi(options: KubernetesApiOptions): HostHandler {
  const { control, clock, log, token } = options

  const collection: Readonly<Record<string, Action>> = {
    GET: call =>
      call.query.get('watch') === 'true' || call.query.get('watch') === '1'
        ? watch(call)
        : { status: 200, body: listObjects(control.catalogue, call.path, call.query, call.view) },
    POST: create,
    DELETE: removeAll,
  }
  const single: Readonly<Record<string, Action>> = {
    GET: call =>
      call.query.get('watch') === 'true'
        ? watch(call)
        : toAnswer(call, control.get(toReference(call.path))),
    PUT: replace,
    PATCH: patch,
    DELETE: remove,
  }

  function watch({ response, path, query, view }: Call): undefined {
    const seconds = toNumber(query, 'timeoutSeconds')
    streamWatch(response, {
      catalogue: control.catalogue,
      kind: path.kind,
      selects: toSelection(path, query),
      view,
      now: clock.now,
      from: toNumber(query, 'resourceVersion'),
      bookmarks: query.get('allowWatchBookmarks') === 'true',
      initial: query.get('sendInitialEvents') === 'true',
      timeoutMs: seconds === undefined ? undefined : Math.min(seconds * 1_000, MAX_TIMEOUT_MS),
    })
  }

  async function create(call: Call): Promise<Answer> {
    const { path } = call
    const document = await readDocument(call)
    const metadata = isObject(document.metadata) ? document.metadata : {}
    const { namespace } = metadata
    if (path.kind.namespaced && path.namespace === undefined) {
      throw new StatusError('BadRequest', 'the namespace must be named in the path')
    }
    if (namespace && namespace !== path.namespace && path.kind.namespaced) {
      throw new StatusError(
        'BadRequest',
        `the namespace of the object (${namespace}) does not match the namespace on the request (${path.namespace})`,
      )
    }
    const placed = { ...document, metadata: { ...metadata, namespace: path.namespace } }
    const entry = await control.create(path.kind, placed, toOptions(call))
    return { ...toAnswer(call, entry), status: 201 }
  }

  async function replace(call: Call): Promise<Answer> {
    const document = await readDocument(call)
    return toAnswer(call, await control.replace(toReference(call.path), document, toOptions(call)))
  }

  async function patch(call: Call): Promise<Answer> {
    const reference = toReference(call.path)
    const change = toPatch(reference.kind, await readBody(call.request))
    const isNew = !control.catalogue.get(reference.kind, reference.namespace, reference.name)
    const entry = await control.patch(reference, change, toOptions(call))
    return { ...toAnswer(call, entry), status: isNew ? 201 : 200 }
  }

  async function remove(call: Call): Promise<Answer> {
    const { value } = await readBody(call.request)
    warnOfOrphans(call, value)
    const reference = toReference(call.path)
    const { object } = await control.remove(reference, toRemoveOptions(call.query, value))
    const { kind, name } = reference
    const details = { name, group: kind.group, kind: kind.plural, uid: object.metadata.uid }
    return {
      status: 200,
      body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details },
    }
  }

  async function removeAll(call: Call): Promise<Answer> {
    const { value } = await readBody(call.request)
    warnOfOrphans(call, value)
    const options = toRemoveOptions(call.query, value)
    const entries = control.catalogue.list().filter(toSelection(call.path, call.query))
    for (const { kind, object } of entries)
      await control.remove({ ...object.metadata, kind }, options)
    const metadata = { resourceVersion: String(control.catalogue.version()) }
    return { status: 200, body: showList(call.path.kind, entries, metadata, call.view) }
  }

  function toOptions(call: Call) {
    const onWarning = (text: string): void => void call.warnings.push(text)
    return { ...toWriteOptions(call.query), user: USER, onWarning }
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    target: string,
  ): Promise<void> {
    const url = URL.parse(target, 'http://kubernetes')
    if (!url) throw new StatusError('BadRequest', 'the path of the request cannot be read')
    const found = request.method === 'GET' ? discover(url.pathname) : undefined
    if (found !== undefined) return send(response, { status: 200, body: found })
    const path = parseResourcePath(url.pathname)
    if (!path) throw new StatusError('NotFound', 'the server could not find the requested resource')
    const form = chooseForm(request.headers.accept)
    if (!form) {
      throw new StatusError(
        'NotAcceptable',
        'only the following media types are accepted: application/json',
      )
    }
    const view = { form, version: path.version, now: clock.now() }
    const call = { request, response, path, query: url.searchParams, view, warnings: [] }
    const result = await chooseAction(path, request.method ?? '')(call)
    if (result) send(response, result, call.warnings)
  }

  function chooseAction(path: ResourcePath, method: string): Action {
    const { kind, subresource } = path
    if (subresource !== undefined && subresource !== 'status') {
      throw new StatusError('NotFound', 'the server could not find the requested resource')
    }
    // The emulator alone says how things stand.
    if (subresource === 'status' && method !== 'GET') throw notAllowed(kind, 'update of status')
    const action = (path.name === undefined ? collection : single)[method]
    if (action) return action
    throw new StatusError('MethodNotAllowed', `${method} is not supported on ${kind.plural}`)
  }

  return (host, request, response) => {
    const asked = readAccess(host, request, token)
    if (!asked) return false
    if (!asked.isAllowed) {
      request.resume()
      send(response, toFailure(new StatusError('Unauthorized', 'Unauthorized')))
      return true
    }
    answer(request, response, asked.target).catch((error: unknown) => {
      if (!(error instanceof StatusError)) {
        const said = error instanceof Error ? error.stack : String(error)
        log.error('api', `${request.method} of a Kubernetes object failed: ${said}`)
      }
      request.resume()
      if (response.headersSent) response.destroy()
      else send(response, toFailure(error))
    })
    return true
  }
}

function warnOfOrphans({ query, warnings }: Call, body: unknown): void {
  const policy = isObject(body) ? body.propagationPolicy : undefined
  if ((policy ?? query.get('propagationPolicy')) !== 'Orphan') return
  warnings.push('what the object owns goes with it: the emulator leaves no orphans')
}

async function readDocument({ request, path }: Call): Promise<Document> {
  const { value } = await readBody(request)
  if (!isObject(value)) throw new StatusError('BadRequest', 'the body must be an object')
  const { kind, apiVersion } = value
  const expected = toApiVersion(path.kind, path.version)
  if (apiVersion !== undefined && apiVersion !== expected) {
    throw new StatusError(
      'BadRequest',
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
    )
  }
  if (kind !== undefined && kind !== path.kind.kind) {
    throw new StatusError(
      'BadRequest',
      `the kind of the object (${String(kind)}) does not match the kind of the path (${path.kind.kind})`,
    )
  }
  return { ...value, apiVersion: expected, kind: path.kind.kind }
}

const toReference = ({ kind, namespace = '', name = '' }: ResourcePath): Reference => ({
  kind,
  namespace,
  name,
})

const toAnswer = ({ view }: Call, entry: Entry): Answer => ({
  status: 200,
  body: showOne(entry, view),
})
