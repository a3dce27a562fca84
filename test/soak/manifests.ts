/** The Services, Broker and Triggers of the soak. */

/** Their namespace. */
export const NAMESPACE = 'soak'

/** Services that take requests. */
export const WEB: readonly string[] = ['web', 'single']

/** Everything as YAML. */
export function toManifests({ command, outside }: { command: string; outside: string }): string {
  const functions = ['recorder', 'answers', 'graveyard', 'flaky', 'hanging', 'slow', 'refuser']
  return [
    ...[...functions, 'replier', 'web'].map(name => toService(name, command, 0)),
    toService('single', command, 1),
    BROKER,
    toTrigger('recorder', undefined, toRef('recorder')),
    toTrigger('answers', 'soak.answer', toRef('answers')),
    toTrigger('flaky', 'soak.flaky', toRef('flaky')),
    toTrigger('hanging', 'soak.hanging', toRef('hanging')),
    toTrigger('slow', 'soak.slow', toRef('slow')),
    toTrigger('refuser', 'soak.poison', toRef('refuser')),
    toTrigger('replier', 'soak.ask', toRef('replier')),
    toTrigger('outside', 'soak.plain', `uri: ${outside}`),
  ].join('\n---\n')
}

const toService = (name: string, command: string, concurrency: number): string => `
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  template:
    metadata:
      annotations:
        emulator.aiwfe.dev/command: ${JSON.stringify(command)}
        autoscaling.knative.dev/window: 6s
        autoscaling.knative.dev/target: "5"
        autoscaling.knative.dev/max-scale: "3"
    spec:
      containerConcurrency: ${concurrency}
      timeoutSeconds: 20
      containers: [{ image: soak/function }]`

const toRef = (name: string): string =>
  `ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: ${name} }`

const toTrigger = (name: string, type: string | undefined, subscriber: string): string => `
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  broker: default
  ${type === undefined ? '' : `filter: { attributes: { type: ${type} } }`}
  subscriber:
    ${subscriber}`

/** Patient enough that killed functions come back before the last try. */
const BROKER = `
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: default, namespace: ${NAMESPACE} }
spec:
  delivery:
    retry: 12
    backoffPolicy: exponential
    backoffDelay: PT0.05S
    timeout: PT3S
    deadLetterSink:
      ${toRef('graveyard')}`
