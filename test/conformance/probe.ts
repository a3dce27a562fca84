/** Services that run the probe, as rules make and use them. */
import type { Reply, Sending } from './reply.ts'
import type { Draft, Fields, Metadata, Resource } from './target/resource.ts'
import type { Target } from './target/target.ts'

/** What a probe is to be like. */
export interface ProbeOptions {
  readonly name?: string
  readonly env?: Readonly<Record<string, string>>
  /** Annotations of the template, without the prefix `autoscaling.knative.dev/` where they have no other. */
  readonly annotations?: Readonly<Record<string, string>>
  /** More of `spec.template.metadata`. */
  readonly template?: Fields
  /** More of the container. */
  readonly container?: Fields
  /** More of `spec.template.spec`. */
  readonly pod?: Fields
  readonly traffic?: readonly Fields[]
  readonly metadata?: Pick<Metadata, 'labels' | 'annotations'>
}

/** A Service that runs the probe. */
export interface Probe {
  readonly name: string
  readonly url: string
  /** As it was when it became ready. */
  readonly resource: Resource
  /** From outside, through the ingress. */
  request(path: string, sending?: Sending): Promise<Reply>
  /** What the probe says of the request and of itself. */
  report(path?: string, sending?: Sending): Promise<Report>
}

/** What the probe tells. */
export interface Report {
  /** Another in every process. */
  readonly instance: string
  readonly env: Readonly<Record<string, string>>
  readonly argv: readonly string[]
  readonly cwd: string
  readonly uid: number
  readonly stdin: string
  readonly tty: boolean
  readonly method: string
  readonly url: string
  readonly httpVersion: string
  readonly headers: Readonly<Record<string, string>>
  readonly rawHeaders: readonly string[]
  readonly body: string
  /** The port that took the request. */
  readonly port: number
  /** How many requests are being handled, how many at most were at once, and how many there were. */
  readonly running: number
  readonly most: number
  readonly served: number
}

/** The Service to apply. */
export function toProbeDraft(
  name: string,
  { image, annotations: own }: Pick<Target, 'image' | 'annotations'>,
  options: ProbeOptions,
): Draft {
  const { env = {}, annotations, template = {}, container = {}, pod = {} } = options
  const { traffic, metadata } = options
  return {
    metadata: { ...metadata, name, annotations: { ...own, ...metadata?.annotations } },
    spec: {
      template: {
        metadata: { ...(annotations && { annotations: prefixed(annotations) }), ...template },
        spec: {
          containers: [
            {
              image,
              env: Object.entries(env).map(([name, value]) => ({ name, value })),
              ...container,
            },
          ],
          ...pod,
        },
      },
      ...(traffic && { traffic }),
    },
  }
}

function prefixed(annotations: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [
      key.includes('/') ? key : `autoscaling.knative.dev/${key}`,
      value,
    ]),
  )
}
