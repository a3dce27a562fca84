/** What a rule works with: a target, names of its own, things that it makes and that are removed after it. */
import { createObserve, type Observe } from './observe.ts'
import { type Probe, type ProbeOptions, type Report, toProbeDraft } from './probe.ts'
import { type Reply, type Sending, sendThrough } from './reply.ts'
import { type Answer, openSink, type Sink } from './sink.ts'
import type { Kubernetes } from './target/kubernetes.ts'
import { type Fields, isSettled, type Kind, type Resource } from './target/resource.ts'
import type { Target } from './target/target.ts'

/** The surroundings of one rule. */
export interface Trial extends Observe {
  readonly target: Target
  /** What is made by it is removed after the rule. */
  readonly kube: Kubernetes
  readonly namespace: string
  /** A name that no other rule has. */
  name(label?: string): string
  /** A Service that runs the probe, once it is ready. */
  probe(options?: ProbeOptions): Promise<Probe>
  /** One that runs all the time, for rules that look and change nothing. */
  shared(): Promise<Probe>
  /** A new one, not waiting until it is ready. */
  apply(options?: ProbeOptions): Promise<Resource>
  /** How a Service that exists is talked to. */
  toProbe(resource: Resource): Probe
  /** Waits until a condition of an object says so about its newest spec. */
  settled(kind: Kind, name: string, status?: string, type?: string): Promise<Resource>
  sink(...answers: Answer[]): Promise<Sink>
  /** A Broker, once it is ready. */
  broker(spec?: Fields): Promise<Broker>
  /** A Trigger, once it is ready. */
  trigger(broker: Broker, spec: Fields): Promise<Resource>
  /** Sends from inside, where cluster names resolve. */
  send(url: string, sending?: Sending): Promise<Reply>
  /** Sends an event in binary mode from inside, of type `conformance` unless said otherwise. */
  publish(url: string, attributes?: Readonly<Record<string, string>>, body?: string): Promise<Reply>
  passTime(ms: number): Promise<void>
}

/** A Broker that takes events. */
export interface Broker {
  readonly name: string
  readonly url: string
  readonly resource: Resource
}

let count = 0
/** Runs that share a cluster do not meet. */
const RUN = Date.now().toString(36).slice(-5)

/** Probes that all rules share, each made when a rule first needs it. */
export interface SharedProbes {
  /** Holds the sinks of all rules. */
  readonly recorder: () => Promise<Probe>
  /** Is looked at. */
  readonly shared: () => Promise<Probe>
}

/** Surroundings whose `close` removes what was made. */
export function createTrial(
  target: Target,
  { recorder, shared }: SharedProbes,
): { trial: Trial; close: () => Promise<void> } {
  const observe = createObserve(target.patience)
  const made: { kind: Kind; name: string }[] = []
  const kube: Kubernetes = {
    ...target.kubernetes,
    async create(kind, draft) {
      made.push({ kind, name: draft.metadata.name })
      return target.kubernetes.create(kind, draft)
    },
  }

  const name = (label: string = 'x'): string => `c${RUN}-${++count}-${label}`

  function apply(options: ProbeOptions = {}): Promise<Resource> {
    const { name: own = name('probe') } = options
    return kube.create('Service', toProbeDraft(own, target, options))
  }

  function settled(
    kind: Kind,
    name: string,
    status: string = 'True',
    type?: string,
  ): Promise<Resource> {
    let last: Resource | undefined
    const what = (): string =>
      `${kind} ${name} is ${type ?? 'Ready'} ${status}, but ${JSON.stringify(last?.status?.conditions)}`
    return observe.until(what, async () => {
      last = await kube.find(kind, name)
      return last !== undefined && isSettled(last, status, type) && last
    })
  }

  function toProbe(resource: Resource): Probe {
    const url = resource.status?.url ?? ''
    const request = (path: string, sending?: Sending): Promise<Reply> =>
      sendThrough(target.ingress, `${url}${path}`, sending)
    return {
      name: resource.metadata.name,
      url,
      resource,
      request,
      report: async (path = '/report', sending) =>
        JSON.parse((await request(path, sending)).text) as Report,
    }
  }

  async function send(url: string, sending: Sending = {}): Promise<Reply> {
    const body = JSON.stringify({ url, ...sending })
    const { status, text } = await (await recorder()).request('/send', { method: 'POST', body })
    if (status !== 200) throw new Error(`cannot send to ${url} from inside: ${text}`)
    return JSON.parse(text) as Reply
  }

  const trial: Trial = {
    ...observe,
    target,
    kube,
    namespace: target.namespace,
    name,
    apply,
    shared,
    settled,
    toProbe,
    send,
    probe: async options => {
      const { metadata } = await apply(options)
      return toProbe(await settled('Service', metadata.name))
    },
    sink: async (...answers) =>
      openSink(await recorder(), name('sink'), answers, observe, target.patience),
    async broker(spec = {}) {
      const own = name('broker')
      await kube.create('Broker', { metadata: { name: own }, spec })
      const resource = await settled('Broker', own)
      return { name: own, url: resource.status?.address?.url ?? '', resource }
    },
    async trigger(broker, spec) {
      const own = name('trigger')
      await kube.create('Trigger', {
        metadata: { name: own },
        spec: { broker: broker.name, ...spec },
      })
      return settled('Trigger', own)
    },
    publish: (url, attributes = {}, body = '{}') =>
      send(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-id': name('event'),
          'ce-source': '/conformance',
          'ce-type': 'conformance',
          ...Object.fromEntries(
            Object.entries(attributes).map(([key, value]) => [`ce-${key}`, value]),
          ),
        },
        body,
      }),
    passTime: target.passTime,
  }

  async function close(): Promise<void> {
    for (const { kind, name } of made.toReversed()) {
      await target.kubernetes.remove(kind, name).catch(() => {})
    }
  }

  return { trial, close }
}
