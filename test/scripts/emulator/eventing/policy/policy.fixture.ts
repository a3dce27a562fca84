/** A world in which who sends an event matters. */
import { BROKER, type World } from '../resources.fixture.ts'

export const AUDIENCE = 'eventing.knative.dev/broker/app/default'
/** Somebody of the namespace of the broker. */
export const ME = 'system:serviceaccount:app:me'
export const ON: { readonly 'authentication-oidc': 'enabled' } = {
  'authentication-oidc': 'enabled',
}

export const policy = (spec: string): string => `
apiVersion: eventing.knative.dev/v1alpha1
kind: EventPolicy
metadata: { name: guard, namespace: app }
spec:
${spec}
`
export const TO_BROKER =
  '  to: [{ ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default } }]'

export const JOB_SINK = `
apiVersion: sinks.knative.dev/v1alpha1
kind: JobSink
metadata: { name: work, namespace: app }
spec:
  job: { spec: { template: { metadata: { annotations: { emulator.aiwfe.dev/command: "true" } }, spec: { containers: [{ name: a, image: b }] } } } }
`

/** Posts an event with a token of the subject, if there is one. */
export async function post(
  at: World,
  subject?: string,
  type = 'test.happened',
  audience: string = AUDIENCE,
): Promise<number> {
  const token = subject && (await at.resources.tokens.issue(subject, audience))
  const proof = token ? { authorization: `Bearer ${token}` } : undefined
  const { status } = await at.publish(BROKER, { id: crypto.randomUUID(), type }, '', proof)
  return status
}
