/** Who may send to what, and how senders prove who they are: one answer for brokers, channels and all the rest. */
import type { Reason } from '../../control/conditions.ts'
import type { KubeObject } from '../../control/object.ts'
import type { Destination } from '../../manifests/types.ts'
import type { Authorize } from '../ingress.ts'
import { audienceOf, type PolicyObject, serviceAccountOf, subjectOf } from './identity.ts'
import type { Tokens } from './tokens.ts'

/** What an object's status says of the policies that protect it. */
export interface PolicyStanding {
  readonly why: Partial<Reason>
  readonly status: { readonly policies?: readonly { apiVersion: string; name: string }[] }
}

/** What an object's status says of who it is when it sends. */
export interface IdentityStanding {
  readonly why: Partial<Reason>
  readonly status: { readonly auth?: { readonly serviceAccountName: string } }
}

/** `status.address`. */
export interface Address {
  readonly name: 'http'
  readonly url: string
  /** What tokens for it are made out to, while authentication is on. */
  readonly audience?: string
}

/** What the feature `authentication-oidc` changes. */
export interface Access {
  readonly authentication: boolean
  address(target: PolicyObject, url: string): Address
  /** Why of the condition `OIDCIdentityCreated`. */
  identity(owner: PolicyObject): IdentityStanding
  /** Why of the condition `EventPoliciesReady`. */
  policies(target: PolicyObject): PolicyStanding
  /** The headers by which a sender proves to a sink who it is; none to a sink that has no audience. */
  credentials(from: PolicyObject, sink: Destination): Promise<Readonly<Record<string, string>>>
  readonly authorize: Authorize
}

/** The wording is the controllers'. */
const DISABLED = 'authentication-oidc feature disabled'

/** The feature is off, as on a fresh installation: nobody is asked who he is. */
export const OPEN: Access = {
  authentication: false,
  address: (_target, url) => ({ name: 'http', url }),
  identity: () => ({ why: { reason: DISABLED }, status: {} }),
  policies: () => ({
    why: {
      reason: 'OIDCDisabled',
      message: 'Feature "authentication-oidc" must be enabled to support Authorization',
    },
    status: {},
  }),
  credentials: async () => ({}),
  authorize: async () => undefined,
}

/** The feature is on. */
export function createAccess({
  tokens,
  find,
  channels,
  policies,
  judge,
}: {
  tokens: Tokens
  /** An object of any part. */
  find: (ref: NonNullable<Destination['ref']>) => KubeObject | undefined
  /** Objects among which Channels and InMemoryChannels are. */
  channels: () => readonly KubeObject[]
  policies: Access['policies']
  /** Decides by the policies of all `guarded`, the first of which is what was sent to. */
  judge: (
    request: Pick<Parameters<Authorize>[0], 'headers' | 'event'> & {
      readonly guarded: readonly [PolicyObject, ...PolicyObject[]]
    },
  ) => ReturnType<Authorize>
}): Access {
  /** A channel answers by its host whatever kind it is of; policies name the kind, or the flow that it is the door of. */
  function guardedBy({
    kind,
    namespace,
    name,
  }: Parameters<Authorize>[0]['hub']): [PolicyObject, ...PolicyObject[]] {
    if (kind === 'Broker') return [{ group: 'eventing.knative.dev', kind, namespace, name }]
    const found = channels().filter(
      ({ apiVersion, kind: other, metadata }) =>
        apiVersion.startsWith('messaging.knative.dev/') &&
        other !== 'Subscription' &&
        metadata.namespace === namespace &&
        metadata.name === name,
    )
    const isChannel = found.some(each => each.kind === 'Channel')
    const flows = found
      .flatMap(({ metadata }) => metadata.ownerReferences ?? [])
      .filter(owner => FLOW_DOORS[owner.kind]?.(owner.name) === name)
    return [
      {
        group: 'messaging.knative.dev',
        kind: isChannel ? 'Channel' : 'InMemoryChannel',
        namespace,
        name,
      },
      ...flows.map(flow => ({
        group: 'flows.knative.dev',
        kind: flow.kind,
        namespace,
        name: flow.name,
      })),
    ]
  }

  return {
    authentication: true,
    address: (target, url) => ({ name: 'http', url, audience: audienceOf(target) }),
    identity: owner => ({
      why: {},
      status: { auth: { serviceAccountName: serviceAccountOf(owner) } },
    }),
    policies,
    async credentials(from, { ref }): Promise<Readonly<Record<string, string>>> {
      const address = ref && find(ref)?.status?.address
      if (typeof address !== 'object' || address === null || !('audience' in address)) return {}
      const token = await tokens.issue(subjectOf(from), String(address.audience))
      return { authorization: `Bearer ${token}` }
    },
    authorize: ({ hub, headers, event }) => judge({ guarded: guardedBy(hub), headers, event }),
  }
}

/** The channel where the events of a flow come in, by the flow's kind. */
const FLOW_DOORS: Readonly<Record<string, (name: string) => string>> = {
  Sequence: name => `${name}-kn-sequence-0`,
  Parallel: name => `${name}-kn-parallel`,
}
