/** Keeps EventTransforms: each is a host of its own that answers with the transformed event or sends it on. */
import type { EventTransformResource } from '../../manifests/eventing-types.ts'
import type { HostHandler } from '../../network.ts'
import type { ProcessGuard } from '../../serving/guard.ts'
import { type Controller, createController, type Surroundings } from '../controller.ts'
import { type Answer, createExchange, type Exchange } from '../exchange.ts'
import { createShelf, type Held } from '../shelf.ts'
import { createJsonata } from './jsonata.ts'
import { transform } from './transform.ts'

/** The controller with its HTTP side. */
export interface EventTransforms extends Controller<EventTransformResource> {
  readonly handler: HostHandler
}

const GROUP = 'eventing.knative.dev'
/** `kmeta.ChildName(transform.Name, "-jsonata")`. */
const SUFFIX = '-jsonata'

/** The controller of EventTransforms. */
export function createEventTransforms(
  around: Surroundings,
  { guard }: { readonly guard: ProcessGuard },
): EventTransforms {
  const { clock, log, changed, send } = around
  const jsonata = createJsonata({ guard })
  const shelf = createShelf<EventTransformResource>({
    clock,
    apiVersion: `${GROUP}/v1alpha1`,
    dependents: ['TransformationReady', 'Addressable', 'EventPoliciesReady'],
  })
  const handler = createExchange({
    scope: 'transform',
    log,
    hosts: /-jsonata\./i,
    owns: host => find(host) !== undefined,
    answer,
  })

  function find(host: string): Held<EventTransformResource> | undefined {
    const [service = '', namespace = '', ...rest] = host.split('.')
    if (rest.length > 0 || !service.endsWith(SUFFIX)) return undefined
    return shelf.get(namespace, service.slice(0, -SUFFIX.length))
  }

  async function answer({ host, method, target, ...message }: Exchange): Promise<Answer> {
    const held = find(host)
    if (!held) return { status: 404 }
    const { resource } = held
    if (target === '/healthz' || target === '/readyz') return { status: 200, body: 'OK' }
    if (method !== 'POST' || target.split('?')[0] !== '/') return { status: 404 }
    const sink = resource.sink && around.resolve(resource.sink, 'sink')
    if (sink && 'error' in sink) return { status: 503, headers: { reason: sink.error } }
    return transform(resource, message, sink?.url, {
      jsonata,
      send,
      credentials: async () =>
        resource.sink ? around.credentials(toBinding(resource), resource.sink) : {},
      warn: text => log.warn(resource.name, text),
    })
  }

  function mark(held: Held<EventTransformResource>): void {
    const { resource, conditions } = held
    const sink = resource.sink && around.resolve(resource.sink, 'sink')
    const policies = around.policies({ group: GROUP, ...named(resource) })
    conditions.set('EventPoliciesReady', 'True', policies.why)
    const isBound = sink === undefined || 'url' in sink
    conditions.set(
      'JsonataSinkBindingReady',
      isBound ? 'True' : 'False',
      isBound ? {} : { reason: 'NotFound', message: sink.error },
    )
    const problem = problems.get(resource)
    if (problem !== undefined) {
      const why = { reason: 'JsonataDeploymentUnavailable', message: problem }
      conditions.set('JsonataDeploymentReady', 'False', why)
      conditions.set('TransformationReady', 'False', why)
    } else {
      conditions.set('JsonataDeploymentReady', 'True')
      conditions.set(
        'TransformationReady',
        isBound ? 'True' : 'False',
        isBound ? {} : { reason: 'NotFound', message: sink.error },
      )
    }
    if (problem !== undefined || !isBound) {
      const why = { reason: 'WaitingForServiceEndpoints', message: 'URL is empty' }
      conditions.set('Addressable', 'False', why)
      held.status = {}
      return
    }
    conditions.set('Addressable', 'True')
    const { namespace, name } = resource
    held.status = {
      address: around.address(
        { group: GROUP, ...named(resource) },
        `http://${name}${SUFFIX}.${namespace}.svc.cluster.local`,
      ),
      ...(sink && { sinkUri: sink.url }),
      ...policies.status,
    }
  }

  /** Expressions that cannot be parsed; on a cluster their pods crash at the start. */
  const problems = new WeakMap<EventTransformResource, string>()

  async function check(resource: EventTransformResource): Promise<void> {
    const { expression, reply } = resource
    const problem =
      (await jsonata.check(expression)) ??
      (reply?.expression === undefined ? undefined : await jsonata.check(reply.expression))
    if (problem === undefined) return
    problems.set(resource, problem)
    const held = shelf.get(resource.namespace, resource.name)
    if (held?.resource !== resource) return
    log.error(
      resource.name,
      `${resource.file}:${resource.line}: not a JSONata expression: ${problem}`,
    )
    mark(held)
    changed()
  }

  function applied({ resource }: Held<EventTransformResource>): void {
    check(resource).catch((error: unknown) => log.error(resource.name, String(error)))
  }

  return {
    ...createController(shelf, around, { applied, mark }),
    handler,
    close: jsonata.close,
  }
}

/** On a cluster a SinkBinding of this name brings the identity along. */
const toBinding = ({ namespace, name }: EventTransformResource) => ({
  group: 'sources.knative.dev',
  kind: 'SinkBinding',
  namespace,
  name: `${name}${SUFFIX}`,
})

const named = ({ kind, namespace, name }: EventTransformResource) => ({ kind, namespace, name })
