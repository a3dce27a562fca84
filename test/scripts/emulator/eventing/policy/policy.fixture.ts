/** A world in which who sends an event matters. */
import type { World } from '../resources.fixture.ts'

export const BROKER = 'http://broker-ingress.knative-eventing.svc.cluster.local/app/default'
export const AUDIENCE = 'eventing.knative.dev/broker/app/default'
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
  const { status } = await at.send({
    url: BROKER,
    method: 'POST',
    headers: {
      'ce-specversion': '1.0',
      'ce-id': crypto.randomUUID(),
      'ce-source': '/s',
      'ce-type': type,
      ...(token && { authorization: `Bearer ${token}` }),
    },
  })
  return status
}
